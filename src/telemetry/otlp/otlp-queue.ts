import type { Delivery } from '../../analytics/sinks/delivery.ts'
import type { SinkTrouble } from '../../contracts/event-sink.ts'

export interface OtlpQueueOptions<Item> {
  readonly delivery: Pick<Delivery, 'send' | 'trouble'>
  readonly headers: { readonly [name: string]: string }
  /** One request as OTLP/JSON. */
  readonly encode: (items: readonly Item[]) => object
  readonly maxWaiting: number
  readonly batchSize: number
  readonly flushMilliseconds: number
  /** Told how many were lost. Never throws. */
  readonly onDrop: (count: number, error: unknown) => void
}

/** Sends items to a collector in batches, one request at a time. What waits is bounded. */
export class OtlpQueue<Item> {
  readonly #options: OtlpQueueOptions<Item>
  #waiting: Item[] = []
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #dropped = 0

  constructor(options: OtlpQueueOptions<Item>) {
    this.#options = options
  }

  get state(): { readonly waiting: number; readonly dropped: number; readonly trouble: SinkTrouble | undefined } {
    return { waiting: this.#waiting.length, dropped: this.#dropped, trouble: this.#options.delivery.trouble }
  }

  /** Never waits, never throws. */
  add(item: Item): void {
    const { maxWaiting, batchSize, flushMilliseconds } = this.#options
    if (this.#waiting.length >= maxWaiting) return this.#drop(1, undefined)
    this.#waiting.push(item)
    if (this.#waiting.length >= batchSize) setImmediate(() => this.#start())
    else this.#timer ??= setTimeout(() => this.#start(), flushMilliseconds).unref()
    return undefined
  }

  /** Resolves when everything that waits was sent or dropped. */
  async flush(): Promise<void> {
    this.#start()
    while (this.#sending) await this.#sending
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#sending || this.#waiting.length === 0) return
    this.#sending = this.#sendNext().finally(() => {
      this.#sending = undefined
      if (this.#waiting.length > 0) this.#start()
    })
  }

  async #sendNext(): Promise<void> {
    const { delivery, headers, encode, batchSize } = this.#options
    const batch = this.#waiting.splice(0, batchSize)
    try {
      const body = JSON.stringify(encode(batch))
      const answer = await delivery.send(() => ({ headers: { 'content-type': 'application/json', ...headers }, body }))
      const rejected = countRejected(answer.body)
      if (rejected > 0) this.#drop(rejected, new Error(`the collector rejected a part: ${answer.body.slice(0, 300)}`))
    } catch (error) {
      this.#drop(batch.length, error)
    }
  }

  #drop(count: number, error: unknown): void {
    this.#dropped += count
    this.#options.onDrop(count, error)
  }
}

/** `partialSuccess` of an answer: taken, but not all of it. */
function countRejected(body: string): number {
  try {
    const { partialSuccess } = JSON.parse(body) as { partialSuccess?: { [name: string]: unknown } }
    const names = ['rejectedSpans', 'rejectedLogRecords', 'rejectedDataPoints']
    return names.reduce((sum, name) => sum + Number(partialSuccess?.[name] ?? 0), 0)
  } catch {
    return 0
  }
}
