import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'

/** Measured process, load generator and upstream; the last two share a core when there are only two. */
export const cores = { measured: 0, load: 1, upstream: Math.min(2, availableParallelism() - 1) }

/** How long the gateway gets after a round to write its events, so that this work is counted too. */
export const SETTLE_MILLISECONDS = 800

/** Whether a program can be run by its name. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$1"', 'sh', name], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Whether processes can be kept on cores of their own. Without it the numbers mix and are only a rough guide. */
export const canPin = availableParallelism() > 1 && hasProgram('taskset')

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

export interface StartOptions {
  /** Core to stay on; absent: any. */
  readonly core?: number | undefined
  readonly cwd?: string
  /** File descriptor that receives what the process writes to its output and error stream. Default: nowhere, and the terminal. */
  readonly output?: number
  readonly environment?: { readonly [name: string]: string }
}

/** Starts a process that ends with this one at the latest. Its standard output can be read when `output` is absent. */
export function startProcess(command: string, args: readonly string[], options: StartOptions = {}): ChildProcess {
  const pinned = canPin && options.core !== undefined ? ['taskset', '-c', String(options.core)] : []
  const [program = command, ...rest] = [...pinned, command, ...args]
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', options.output ?? 'pipe', options.output ?? 'inherit'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Asks a process to end and waits until it has. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(impatience)
}

/** The first line a process prints. */
export async function readFirstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the output of this process goes elsewhere')
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error(`${child.spawnfile} ended without a word`)
}

/** Everything a process prints until it ends; its exit code must be 0. */
export async function readOutput(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the output of this process goes elsewhere')
  const ended = once(child, 'exit')
  let text = ''
  for await (const chunk of child.stdout) text += String(chunk)
  const [code] = await ended
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${String(code)}`)
  return text
}

/** A process and everything it started, by process id. */
function listProcessTree(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(listProcessTree)]
}

const ticksPerSecond = () => Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
let ticks: number | undefined

/** CPU time, user and system, that a process and its children have used so far, as the operating system counts it. Seconds. */
export function readCpuSeconds(pid: number): number {
  ticks ??= ticksPerSecond()
  let total = 0
  for (const each of listProcessTree(pid)) {
    // proc(5): the command, field 2, may hold blanks; utime and stime are fields 14 and 15.
    const fields = readFileSync(`/proc/${each}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    total += Number(fields[11]) + Number(fields[12])
  }
  return total / ticks
}

/** Resident memory of a process and its children. MiB. */
export function readResidentMebibytes(pid: number): number {
  const kibibytes = listProcessTree(pid).map((each) =>
    Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${each}/status`, 'utf8'))?.[1] ?? 0),
  )
  return kibibytes.reduce((sum, value) => sum + value, 0) / 1024
}
