import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { waitUntil } from './wait-until.ts'

const folder = join(import.meta.dirname, 'upstreams')

/** Options of McpStdioHandler for a server of `test/harness/upstreams`. */
export function stdioServer(
  name: 'scripted' | 'sdk-v1' | 'sdk-v2',
  { args = [], ...options }: { readonly args?: readonly string[]; readonly [option: string]: unknown } = {},
): object {
  return { command: process.execPath, args: [join(folder, `${name}-stdio-server.ts`), ...args], ...options }
}

/** The processes that a scripted server wrote down: itself and its children. */
export interface ProcessTable {
  /** For `env` of the handler's options. */
  readonly env: { readonly PID_FILE: string }
  /** Every process that was ever started. */
  started(): readonly number[]
  /** Those that are still there. */
  alive(): readonly number[]
  /** Waits until none is. */
  waitUntilEmpty(): Promise<void>
}

/** Follows the processes of one test; when the test ends and some are left, it has failed. */
export async function followProcesses(): Promise<ProcessTable> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-stdio-'))
  const file = join(directory, 'pids')
  const started = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [])
  const alive = () => started().filter(isAlive)
  onTestFinished(async () => {
    const left = alive()
    for (const each of left) process.kill(each, 'SIGKILL')
    await rm(directory, { recursive: true, force: true })
    if (left.length > 0) throw new Error(`Processes were left behind: ${left.join(', ')}`)
  })
  return {
    env: { PID_FILE: file },
    started,
    alive,
    waitUntilEmpty: async () => {
      await waitUntil('no process is left', () => alive().length === 0, 15_000)
    },
  }
}

/** A process that has ended and waits for its parent to look (a zombie) is not alive. */
export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
  } catch {
    return false
  }
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${processId}/stat`, 'utf8'))
  } catch {
    return process.platform !== 'linux'
  }
}
