import type { Clock } from '../../contracts/clock.ts'
import type { SinkTrouble } from '../../contracts/event-sink.ts'
import type { ExportAnswer, ExportRequest, PostExport } from '../../contracts/post-export.ts'

export interface DeliveryOptions {
  readonly url: string
  readonly post: PostExport
  readonly clock: Clock
  /** After this time a batch is given up. Default five minutes. */
  readonly giveUpMs?: number | undefined
  /** Before the second attempt; doubled before each further one, at most 30 s. Default 500 ms. */
  readonly firstPauseMs?: number | undefined
}

const defaultGiveUpMs = 5 * 60_000
const defaultFirstPauseMs = 500
const longestPauseMs = 30_000

/** Posts to one receiver until it takes a batch, with longer and longer pauses. */
export class Delivery {
  readonly #options: DeliveryOptions
  #trouble: SinkTrouble | undefined
  readonly #hurried = new AbortController()

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  /** Set from the first failure on until something is delivered. */
  get trouble(): SinkTrouble | undefined {
    return this.#trouble
  }

  /** Rejects when the receiver says that it will never take this, or did not take it for too long. `make` runs for every attempt. */
  async send(make: () => ExportRequest): Promise<ExportAnswer> {
    const { clock, giveUpMs = defaultGiveUpMs, firstPauseMs = defaultFirstPauseMs } = this.#options
    const deadlineMs = clock() + giveUpMs
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const outcome = await this.#try(make())
      if ('answer' in outcome) return outcome.answer
      const { error, isFinal, retryAfterMs = 0 } = outcome
      // Half of it by chance: receivers that come back are not met by everybody at once.
      const waitMs = Math.max(retryAfterMs, pauseMs * (0.5 + Math.random() / 2))
      if (isFinal || clock() + waitMs > deadlineMs || this.#hurried.signal.aborted) throw error
      await this.#pause(waitMs)
    }
  }

  /** From now on nothing is tried more often than once. */
  hurry(): void {
    this.#hurried.abort()
  }

  async #try(request: ExportRequest): Promise<Attempt> {
    const { url, post } = this.#options
    try {
      const answer = await post(url, request)
      if (answer.status >= 200 && answer.status < 300) {
        this.#trouble = undefined
        return { answer }
      }
      const error = new Error(`${new URL(url).host} answers ${answer.status}: ${answer.body.slice(0, 300)}`)
      return this.#fail(error, !isTemporary(answer.status), answer.retryAfterMs)
    } catch (error) {
      return this.#fail(error instanceof Error ? error : new Error(String(error)), false, undefined)
    }
  }

  #fail(error: Error, isFinal: boolean, retryAfterMs: number | undefined): Attempt {
    this.#trouble = { sinceMs: this.#trouble?.sinceMs ?? this.#options.clock(), message: error.message }
    return { error, isFinal, retryAfterMs }
  }

  #pause(waitMs: number): Promise<void> {
    const { signal } = this.#hurried
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, waitMs).unref()
      signal.addEventListener('abort', end)
    })
  }
}

type Attempt =
  | { readonly answer: ExportAnswer }
  | { readonly error: Error; readonly isFinal: boolean; readonly retryAfterMs: number | undefined }

function isTemporary(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429
}
