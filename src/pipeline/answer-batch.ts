import type { StreamedAnswer } from '../contracts/handler.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import { asGatewayError, type GatewayError } from '../errors/gateway-error.ts'
import { jsonRpcError } from '../errors/render-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { formatEvent } from '../http/split-events.ts'
import { admitPart } from './admit-part.ts'
import { type AnswerOutcome, failed } from './answer-outcome.ts'
import type { BatchedMessages } from './batched-messages.ts'
import { answerPart } from './call-route.ts'
import { ClientStream } from './client-stream.ts'
import { PartExchange } from './part-exchange.ts'
import { recordExchange } from './record-exchange.ts'
import type { PipelineHost, Route } from './route.ts'
import { sendBuffer } from './send-answer.ts'

/**
 * Answers a batch (2025-03-26 §batching): its messages run beside each other, each with the policies of the route and an event of its own. As
 * long as every answer is whole they become one array; once one of them streams, all are events.
 */
export async function answerBatch(
  { entries }: BatchedMessages,
  exchange: HttpExchange,
  route: Route,
  host: PipelineHost,
): Promise<AnswerOutcome> {
  exchange.response.once('close', () => {
    if (!exchange.response.writableFinished) exchange.disconnect()
  })
  const answers = new BatchAnswers(exchange, host)
  const running = entries.map((entry, index) => {
    if ('message' in entry) return answerOne(entry.message, index === 0, exchange, route, host, answers)
    answers.refuse(entry.refusal, entry.id)
    return Promise.resolve()
  })
  await Promise.all(running)
  return answers.finish()
}

async function answerOne(
  received: McpMessage,
  isFirst: boolean,
  exchange: HttpExchange,
  route: Route,
  host: PipelineHost,
  answers: BatchAnswers,
): Promise<void> {
  const message = route.handler.unwrapMessage?.(received) ?? received
  const sessionId = exchange.headers['mcp-session-id']
  const call = { route: route.name, message, exchange, sessionId: sessionId && String(sessionId) }
  const part = new PartExchange(call, route)
  const finish = (outcome: AnswerOutcome) => recordExchange(part, route, message, outcome, host.recorder)
  try {
    // The request itself was admitted once; what more there is in it counts as requests of their own.
    if (isFirst) for (const [name, value] of exchange.upstreamHeaders.entries()) part.upstreamHeaders.set(name, value)
    else await admitPart(part, route, route)
    const answer = await answerPart({ call, exchange: part, route, host, finish })
    if (answer.kind === 'stream') await answers.relay(answer, message.id)
    else if (message.kind === 'request') answers.take(answer.body)
  } catch (thrown) {
    const error = asGatewayError(thrown)
    if (error.reason === 'gateway_error') {
      host.log.error({ requestId: exchange.requestId, route: route.name, err: error }, 'unexpected error')
    }
    finish(failed(error))
    if (message.kind === 'request') answers.refuse(error, message.id)
  }
}

/** Also true of what only looks like it: it is held with the rest of the answer, see `holdFromHere`. */
const mayBeAnswer = (event: Buffer) => event.includes('"result"') || event.includes('"error"')

/** The answers of one batch, as they come. */
class BatchAnswers {
  readonly #exchange: HttpExchange
  readonly #host: PipelineHost
  #whole: Buffer[] = []
  #client: ClientStream | undefined
  readonly #sources = new Set<StreamedAnswer>()

  constructor(exchange: HttpExchange, host: PipelineHost) {
    this.#exchange = exchange
    this.#host = host
  }

  take(body: Buffer): void {
    if (this.#client) this.#client.answer(formatEvent(body))
    else this.#whole.push(body)
  }

  refuse(error: GatewayError, id: string | number | undefined): void {
    this.take(Buffer.from(jsonRpcError(error, this.#exchange.requestId, id)))
  }

  /** Resolves when the stream has ended. */
  relay(source: StreamedAnswer, id: string | number | undefined): Promise<void> {
    const client = this.#open()
    this.#sources.add(source)
    return new Promise((resolve) => {
      source.read({
        onEvent: (event) => (mayBeAnswer(event) ? client.answer(event) : client.write(event)),
        onEnd: (error) => {
          this.#sources.delete(source)
          if (error) this.refuse(asGatewayError(error), id)
          resolve()
        },
      })
    })
  }

  finish(): AnswerOutcome {
    if (this.#client) {
      this.#client.end()
      return { status: 200 }
    }
    const isEmpty = this.#whole.length === 0
    const body = Buffer.from(isEmpty ? '' : `[${this.#whole.map((each) => each.toString('utf8')).join(',')}]`)
    return sendBuffer(this.#exchange, isEmpty ? 202 : 200, body, this.#host)
  }

  #open(): ClientStream {
    if (this.#client) return this.#client
    const { upstreamIdleSeconds } = this.#host.limits
    this.#client = new ClientStream(this.#exchange, upstreamIdleSeconds * 1000, {
      resume: () => {
        for (const source of this.#sources) source.resume()
      },
      abandon: () => {
        for (const source of this.#sources) source.cancel()
      },
    })
    for (const body of this.#whole.splice(0)) this.take(body)
    return this.#client
  }
}
