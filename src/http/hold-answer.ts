import type { IncomingMessage, ServerResponse } from 'node:http'

type Handle = (request: IncomingMessage, response: ServerResponse) => void
type EndArguments = Parameters<ServerResponse['end']>

const heldAnswers = new WeakMap<ServerResponse, HeldAnswer>()

/**
 * Holds the end of every answer until `commit` says that what happened is on disk. Where it says that it is not, the connection is broken off: the
 * client must not take for done what nobody will find. For `events.durable`.
 */
export function holdAnswers(handle: Handle, commit: () => Promise<boolean>): Handle {
  return (request, response) => {
    heldAnswers.set(response, new HeldAnswer(response, commit))
    handle(request, response)
  }
}

/** Whether the end of an answer is held. */
export function isHeld(response: ServerResponse): boolean {
  return heldAnswers.has(response)
}

/** What is written from here on is the answer of a stream: it is held like an end. Nothing happens where answers are not held. */
export function holdFromHere(response: ServerResponse): void {
  heldAnswers.get(response)?.holdWrites()
}

/** An answer that lacks its end. */
class HeldAnswer {
  readonly #response: ServerResponse
  readonly #commit: () => Promise<boolean>
  readonly #write: ServerResponse['write']
  readonly #end: ServerResponse['end']
  readonly #chunks: unknown[] = []
  #isEnding = false

  constructor(response: ServerResponse, commit: () => Promise<boolean>) {
    this.#response = response
    this.#commit = commit
    this.#write = response.write.bind(response)
    this.#end = response.end.bind(response)
    response.end = ((...parameters: EndArguments) => {
      if (!this.#isEnding) void this.#finish(parameters)
      this.#isEnding = true
      return response
    }) as ServerResponse['end']
  }

  holdWrites(): void {
    this.#response.write = ((chunk: unknown) => {
      this.#chunks.push(chunk)
      return true
    }) as ServerResponse['write']
  }

  /** Who ends an answer records what happened in the same turn; `commit` waits for the next one. */
  async #finish(parameters: EndArguments): Promise<void> {
    if (!(await this.#commit())) {
      this.#response.destroy()
      return
    }
    for (const chunk of this.#chunks) this.#write(chunk)
    this.#end(...parameters)
  }
}
