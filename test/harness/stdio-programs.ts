import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { waitUntil } from './wait-until.ts'

const folder = join(import.meta.dirname, 'upstreams')

/** Options of McpStdioHandler for a server of `test/harness/upstreams`. */
export function stdioServer(
  name: 'scripted' | 'scripted-modern' | 'sdk-v1' | 'sdk-v2',
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
  const isEmpty = () => alive().length === 0 && listGroups(started()).length === 0
  onTestFinished(async () => {
    // The guards of the groups end a moment after the programs.
    await waitUntil('the guards have ended', isEmpty, 2_000).catch(() => undefined)
    const left = [...alive(), ...listGroups(started())]
    for (const each of left) process.kill(each, 'SIGKILL')
    await rm(directory, { recursive: true, force: true })
    if (left.length > 0) throw new Error(`Processes were left behind: ${left.join(', ')}`)
  })
  return {
    env: { PID_FILE: file },
    started,
    alive,
    waitUntilEmpty: async () => {
      await waitUntil('no process is left', isEmpty, 15_000)
    },
  }
}

/** Processes of the groups that these lead, or led. Linux only: elsewhere there are none to be seen. */
function listGroups(leaders: readonly number[]): readonly number[] {
  if (process.platform !== 'linux') return []
  const processIds = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return processIds.map(Number).filter((processId) => {
    const fields = readStatus(processId)?.split(' ')
    return fields !== undefined && fields[0] !== 'Z' && leaders.includes(Number(fields[2]))
  })
}

/** State, parent, group and more of a process (proc(5)); undefined when there is none. */
function readStatus(processId: number): string | undefined {
  try {
    const status = readFileSync(`/proc/${processId}/stat`, 'utf8')
    return status.slice(status.lastIndexOf(') ') + 2)
  } catch {
    return undefined
  }
}

/** A process that has ended and waits for its parent to look (a zombie) is not alive. */
export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
  } catch {
    return false
  }
  return process.platform !== 'linux' || readStatus(processId)?.startsWith('Z') === false
}
