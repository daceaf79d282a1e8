import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { GatewayError } from '../../errors/gateway-error.ts'
import { randomId } from '../../lib/random-id.ts'
import { endMarked, guardScript, sendSignal } from './guard.ts'

/** What to run. All of it comes from the project's files. */
export interface ProgramSettings {
  readonly command: string
  readonly args: readonly string[]
  /** The whole environment of the program. */
  readonly environment: { readonly [name: string]: string }
  /** Absolute path. */
  readonly directory: string
}

// MCP §stdio shutdown: close its input, wait, SIGTERM, wait, SIGKILL.
const inputGraceMs = 1_000
const termGraceMs = 2_000
// What left the group may hold the output open; nobody waits for it.
const outputGraceMs = 1_000

/**
 * A program in a process group of its own, with all that it starts. The group ends with the program, with `stop`, and with the gateway,
 * however that ends.
 */
export class GuardedProcess {
  readonly input: Writable
  readonly output: Readable
  readonly errors: Readable
  /** Resolves when nothing of the group is left and all of its output was read: how the program ended, for the log. Never rejects. */
  readonly ended: Promise<string>
  readonly #child: ChildProcess
  readonly #mark = randomId()
  /** From then on its number may be another group's. */
  #isGroupGone = false

  /** Throws a `GatewayError` when nothing can be started at all. Whether the program itself could be shows in how it ends. */
  constructor({ command, args, environment, directory }: ProgramSettings) {
    if (process.platform === 'win32') throw unstartable('there are no process groups on this system')
    // A group of its own, whose number is that of the program: `exec` keeps it.
    const child = spawn('/bin/sh', ['-c', guardScript, 'sallyport', this.#mark, command, ...args], {
      cwd: directory,
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      detached: true,
    })
    child.on('error', () => {})
    // Without a process its pipes may be missing too, whatever the type says.
    if (child.pid === undefined) throw unstartable(`no process could be started in ${directory}`)
    this.#child = child
    this.input = child.stdin
    this.output = child.stdout
    this.errors = child.stderr
    // Its end is told by `ended`; an input that breaks first is no news.
    for (const stream of child.stdio) stream?.on('error', () => {})
    this.ended = this.#watch()
  }

  /** The program itself has ended; some of its output may still be unread. */
  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Ends the program and its group, politely first. Resolves when they are gone. */
  async stop(): Promise<void> {
    this.input.end()
    const terminate = setTimeout(() => this.#signalGroup('SIGTERM'), inputGraceMs)
    const kill = setTimeout(() => this.#signalGroup('SIGKILL'), inputGraceMs + termGraceMs)
    await this.ended
    clearTimeout(terminate)
    clearTimeout(kill)
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    this.#signalGroup('SIGKILL')
    await this.ended
  }

  #watch(): Promise<string> {
    const child = this.#child
    return new Promise((resolve) => {
      let how = ''
      let rest = Promise.resolve()
      child.once('exit', (code, signal) => {
        how = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`
        rest = this.#endRest()
      })
      child.once('close', () => void rest.then(() => resolve(how)))
    })
  }

  /** A server that ended leaves nothing behind that could go on without it. */
  async #endRest(): Promise<void> {
    this.#signalGroup('SIGKILL')
    this.#isGroupGone = true
    await endMarked(this.#mark)
    this.#child.stdio[3]?.destroy()
    this.input.destroy()
    setTimeout(() => {
      this.output.destroy()
      this.errors.destroy()
    }, outputGraceMs).unref()
  }

  #signalGroup(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child
    if (pid !== undefined && !this.#isGroupGone) sendSignal(-pid, signal)
  }
}

function unstartable(detail: string): GatewayError {
  return new GatewayError('upstream_unreachable', { detail })
}
