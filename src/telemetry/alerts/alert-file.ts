import { readFile, rename, writeFile } from 'node:fs/promises'
import type { FiringAlert } from './alert-book.ts'

/** What fired before the last stop; nothing when the file is not there or not ours. */
export async function readAlertFile(path: string): Promise<readonly FiringAlert[]> {
  try {
    const { firing } = JSON.parse(await readFile(path, 'utf8')) as { firing: readonly FiringAlert[] }
    return firing.filter(({ alert, firedAtMs }) => typeof alert.key === 'string' && typeof firedAtMs === 'number')
  } catch {
    return []
  }
}

/** Writes it as a whole or not at all. */
export async function writeAlertFile(path: string, firing: readonly FiringAlert[]): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify({ firing }), { mode: 0o600 })
  await rename(`${path}.new`, path)
}
