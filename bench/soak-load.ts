import { setTimeout as pause } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { type OpenAnswer, openAnswer } from '../test/harness/read-events.ts'

/** What one client of the soak does, again and again. */
export const operations = ['list', 'call', 'stream', 'cancel', 'ask', 'listen', 'begin'] as const
export type Operation = (typeof operations)[number]

interface Answer {
  readonly id?: unknown
  readonly result?: {
    readonly tools?: readonly unknown[]
    readonly content?: readonly { readonly text?: string }[]
    readonly resultType?: string
    readonly requestState?: string
    readonly inputRequests?: object
  }
  readonly error?: { readonly code: number; readonly data?: { readonly reason?: string } }
}

const capabilities = { elicitation: { form: {} } }
const clientInfo = { name: 'soak', version: '1' }
const answered = { action: 'accept', content: { name: 'Ada' } }
const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': clientInfo,
  'io.modelcontextprotocol/clientCapabilities': capabilities,
}

/** A client of one person at one virtual server. Every operation throws when its answer is not exactly right. */
export class SoakClient {
  readonly #url: string
  readonly #token: string
  readonly #isModern: boolean
  #agent = new Agent({ connections: 1 })
  #session: string | undefined
  #lastId = 0

  constructor(url: string, token: string, isModern: boolean) {
    this.#url = url
    this.#token = token
    this.#isModern = isModern
  }

  /** Begins a session, where the era knows them. */
  async begin(): Promise<void> {
    if (this.#isModern) return
    const params = { protocolVersion: '2025-11-25', capabilities, clientInfo }
    const { headers } = await this.#post({ id: ++this.#lastId, method: 'initialize', params })
    this.#session = demand(headers['mcp-session-id'], 'a session')
    await this.#post({ method: 'notifications/initialized' })
  }

  /** Ends the session and all connections. */
  async end(): Promise<void> {
    if (this.#session !== undefined) {
      const answer = await request(this.#url, {
        method: 'DELETE',
        headers: this.#headers('DELETE'),
        dispatcher: this.#agent,
      })
      await answer.body.dump()
      require(answer.statusCode === 204, `the end of a session was answered with ${answer.statusCode}`)
      this.#session = undefined
    }
    await this.#agent.close()
    this.#agent = new Agent({ connections: 1 })
  }

  /** One call of `quick`, which is answered as JSON, or of `stream`, which has two notifications before its answer; read as a whole. */
  async relay(tool: 'quick' | 'stream'): Promise<void> {
    const { message } = await this.#post(this.#callOf(tool, tool === 'stream' ? this.#lastId : undefined))
    requireText(message, tool === 'stream' ? 'streamed' : 'quick')
  }

  readonly operations: { readonly [operation in Operation]: () => Promise<void> } = {
    list: async () => {
      const { message } = await this.#post({ id: ++this.#lastId, method: 'tools/list', params: {} })
      require(message?.result?.tools?.length === 4, `a list is ${JSON.stringify(message)}`)
    },
    call: async () => {
      const { message } = await this.#post(this.#callOf('quick'))
      requireText(message, 'quick')
    },
    stream: async () => {
      const answer = await this.#open(this.#callOf('stream', this.#lastId))
      const messages = [await answer.next(), await answer.next(), await answer.next()]
      require(messages[0]?.method === 'notifications/progress', `a stream begins with ${answer.text()}`)
      requireText(messages[2], 'streamed')
      await answer.ended
    },
    cancel: async () => {
      const message = this.#callOf('slow', this.#lastId)
      const answer = await this.#open(message)
      await answer.next()
      if (!this.#isModern) {
        await this.#post({ method: 'notifications/cancelled', params: { requestId: message.id, reason: 'enough' } })
      }
      answer.close()
      await answer.ended
    },
    ask: () => (this.#isModern ? this.#askModern() : this.#askLegacy()),
    listen: async () => {
      const notifications = { toolsListChanged: true }
      const message = { id: ++this.#lastId, method: 'subscriptions/listen', params: { notifications } }
      const answer = await this.#open(this.#isModern ? message : undefined)
      // Until something is said on it, or the gateway ends it to reload.
      await Promise.race([answer.next().catch(() => undefined), answer.ended, pause(3_000)])
      answer.close()
      await answer.ended
    },
    begin: async () => {
      await this.end()
      await this.begin()
    },
  }

  /** One more round with the answer; a reload in between ends the call that waits, which begins anew then. */
  async #askModern(): Promise<void> {
    const asked = await this.#post(this.#callOf('ask'))
    const { resultType, requestState, inputRequests } = asked.message?.result ?? {}
    require(resultType === 'input_required', `a question is ${asked.text}`)
    const key = Object.keys(inputRequests ?? {})[0] ?? ''
    const { id, method, params } = this.#callOf('ask')
    const round = {
      ...params,
      inputResponses: { [key]: answered },
      ...(requestState !== undefined && { requestState }),
    }
    const { message } = await this.#post({ id, method, params: round })
    if (message?.error?.data?.reason === 'input_expired') return
    requireText(message, 'Hello, Ada')
  }

  async #askLegacy(): Promise<void> {
    const answer = await this.#open(this.#callOf('ask'))
    const question = await answer.next()
    require(question.method === 'elicitation/create', `a question is ${answer.text()}`)
    await this.#post({ id: question.id, result: answered })
    requireText(await answer.next(), 'Hello, Ada')
    await answer.ended
  }

  #callOf(name: string, progressToken?: number) {
    const params = { name, arguments: {}, ...(progressToken !== undefined && { _meta: { progressToken } }) }
    return { id: ++this.#lastId, method: 'tools/call', params }
  }

  async #post(message: object) {
    const { statusCode, headers, body } = await request(this.#url, {
      method: 'POST',
      headers: { ...this.#headers('POST', message), 'content-type': 'application/json' },
      body: JSON.stringify(this.#wrap(message)),
      dispatcher: this.#agent,
    })
    const text = await body.text()
    require(statusCode < 300, `${JSON.stringify(message)} was answered with ${statusCode}: ${text.slice(0, 300)}`)
    const data = text.startsWith('{')
      ? text
      : text
          .split('\n')
          .findLast((line) => line.startsWith('data: '))
          ?.slice(6)
    return { headers, text, message: data === undefined ? undefined : (JSON.parse(data) as Answer) }
  }

  async #open(message?: object): Promise<OpenAnswer> {
    const method = message === undefined ? 'GET' : 'POST'
    const answer = await openAnswer(this.#url, this.#headers(method, message), message && this.#wrap(message))
    if (answer.status !== 200) {
      await answer.ended
      throw new Error(`a stream was answered with ${answer.status}: ${answer.text().slice(0, 300)}`)
    }
    return answer
  }

  #wrap(message: object): object {
    const { params } = message as { readonly params?: { readonly _meta?: object } }
    const wrapped = this.#isModern ? { ...params, _meta: { ...params?._meta, ...envelope } } : params
    return { jsonrpc: '2.0', ...message, ...(wrapped !== undefined && { params: wrapped }) }
  }

  #headers(httpMethod: string, message?: object): Record<string, string> {
    const { method, params } = (message ?? {}) as {
      readonly method?: string
      readonly params?: { readonly name?: string }
    }
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` }
    headers['accept'] = httpMethod === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream'
    headers['mcp-protocol-version'] = this.#isModern ? '2026-07-28' : '2025-11-25'
    if (this.#isModern && method !== undefined) headers['mcp-method'] = method
    if (this.#isModern && params?.name !== undefined) headers['mcp-name'] = params.name
    if (this.#session !== undefined) headers['mcp-session-id'] = this.#session
    return headers
  }
}

function demand(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`there is no ${what}`)
  return value
}

function require(isRight: boolean, otherwise: string): void {
  if (!isRight) throw new Error(otherwise)
}

function requireText(message: Answer | undefined, text: string): void {
  require(message?.result?.content?.[0]?.text === text, `not "${text}": ${JSON.stringify(message)}`)
}
