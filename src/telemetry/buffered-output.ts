import { write, writeSync } from 'node:fs'

/** Characters that are gathered before they are written, and how long the first of them waits, in milliseconds. */
const batchLength = 4096
const batchMilliseconds = 200

/** Characters that may wait for a reader that is slow. Lines beyond it are dropped and counted. */
const maxWaiting = 16 * 1024 * 1024

const retryMilliseconds = 10
const maxFlushMilliseconds = 2000

/**
 * Writes lines to a file descriptor in batches, off the request path; what waits is written when the process exits.
 * A reader that is gone ends the output, quietly: sonic-boom, the usual output of pino, then retries for ever on exit.
 */
export class BufferedOutput {
  readonly #descriptor: number
  #waiting = ''
  /** Taken to be written, after what is being written. */
  #rest: Buffer = nothing
  #dropped = 0
  #isWriting = false
  #isBroken = false
  #timer: NodeJS.Timeout | undefined

  constructor(descriptor: number) {
    this.#descriptor = descriptor
    process.once('exit', () => this.flushSync())
  }

  /** Takes whole lines. Never throws, never waits. */
  write(lines: string): void {
    if (this.#isBroken) return
    if (this.#waiting.length + lines.length > maxWaiting) {
      this.#dropped++
      return
    }
    this.#waiting += lines
    if (this.#isWriting) return
    if (this.#waiting.length >= batchLength) this.#writeBatch()
    else this.#timer ??= setTimeout(() => this.#writeBatch(), batchMilliseconds).unref()
  }

  /** Writes what waits and returns when it is written, or cannot be. */
  flushSync(): void {
    const deadline = performance.now() + maxFlushMilliseconds
    let bytes = Buffer.concat([this.#rest, this.#takeWaiting()])
    this.#rest = nothing
    while (bytes.length > 0 && !this.#isBroken) {
      try {
        bytes = bytes.subarray(writeSync(this.#descriptor, bytes, 0, wholeLines(bytes)))
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) this.#isBroken = true
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMilliseconds)
      }
    }
  }

  #takeWaiting(): Buffer {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lost =
      this.#dropped > 0 ? `{"level":"warn","dropped":${this.#dropped},"message":"log lines were lost"}\n` : ''
    const bytes = Buffer.from(this.#waiting + lost, 'utf8')
    this.#waiting = ''
    this.#dropped = 0
    return bytes
  }

  /** Whole lines, as many as a pipe takes at once; the rest waits where `flushSync` finds it. */
  #writeBatch(): void {
    const bytes = this.#rest.length > 0 ? this.#rest : this.#takeWaiting()
    const end = wholeLines(bytes)
    this.#rest = bytes.subarray(end)
    this.#isWriting = true
    write(this.#descriptor, bytes, 0, end, null, (error, written) => {
      if (error && !isBusy(error)) {
        this.#isBroken = true
        return
      }
      const left = bytes.subarray(error ? 0 : written, end)
      if (left.length > 0) this.#rest = Buffer.concat([left, this.#rest])
      if (error) setTimeout(() => this.#writeBatch(), retryMilliseconds)
      else if (this.#rest.length > 0) this.#writeBatch()
      else {
        this.#isWriting = false
        // Lines that came meanwhile are written now, or wait for more when they are few.
        if (this.#waiting !== '') this.write('')
      }
    })
  }
}

const nothing = Buffer.alloc(0)

/** What a pipe takes at once or not at all (POSIX PIPE_BUF, on Linux): lines of several workers must not mix. */
const pipeBytes = 4096

/** As many whole lines as that, at least one. */
function wholeLines(bytes: Buffer): number {
  if (bytes.length <= pipeBytes) return bytes.length
  const newline = 10
  const end = bytes.lastIndexOf(newline, pipeBytes - 1) + 1
  return end > 0 ? end : bytes.indexOf(newline) + 1 || bytes.length
}

/** A pipe that is full for now, where nobody wants to wait for it. */
function isBusy(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EAGAIN'
}
