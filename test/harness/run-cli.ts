import { spawn } from 'node:child_process'
import { join } from 'node:path'

const main = join(import.meta.dirname, '../../src/main.ts')

/** What a command printed and how it ended. */
export interface CliResult {
  readonly code: number | null
  readonly out: string
  readonly errors: string
}

/** Runs one command line in a process of its own, as people do. */
export function runCli(...args: string[]): Promise<CliResult> {
  return runCliWith('', ...args)
}

/** As `runCli`, with something on standard input. */
export async function runCliWith(input: string, ...args: string[]): Promise<CliResult> {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, NO_COLOR: '1' } })
  child.stdin.end(input)
  const printed = { out: '', errors: '' }
  child.stdout.on('data', (chunk: Buffer) => (printed.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (printed.errors += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, ...printed }
}
