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
    let bytes = this.#takeWaiting()
    while (bytes.length > 0 && !this.#isBroken) {
      try {
        bytes = bytes.subarray(writeSync(this.#descriptor, bytes))
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

  #writeBatch(): void {
    this.#writeBytes(this.#takeWaiting())
  }

  #writeBytes(bytes: Buffer): void {
    this.#isWriting = true
    write(this.#descriptor, bytes, (error, written) => {
      if (isBusy(error)) setTimeout(() => this.#writeBytes(bytes), retryMilliseconds)
      else if (error) this.#isBroken = true
      else if (written < bytes.length) this.#writeBytes(bytes.subarray(written))
      else {
        this.#isWriting = false
        // Lines that came meanwhile are written now, or wait for more when they are few.
        if (this.#waiting !== '') this.write('')
      }
    })
  }
}

/** A pipe that is full for now, where nobody wants to wait for it. */
function isBusy(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EAGAIN'
}
