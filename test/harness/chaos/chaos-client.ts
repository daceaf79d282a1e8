import { randomBytes } from 'node:crypto'
import { request } from 'undici'
import { type PostAnswer, postRaw } from '../post-message.ts'
import { type OpenAnswer, openAnswer } from '../read-events.ts'
import type { ChaosEra } from './chaos-upstream.ts'

/** What a client received for one call, and after how long. */
export interface CallOutcome extends PostAnswer {
  readonly elapsedMs: number
  /** Finds the event of the call. */
  readonly traceId: string
}

/** A client of one era that calls the tool `work`, each time on a connection of its own. */
export class ChaosClient {
  readonly #url: string
  readonly #token: string
  readonly #era: ChaosEra
  #session: string | undefined
  #lastId = 0

  constructor(url: string, token: string, era: ChaosEra) {
    this.#url = url
    this.#token = token
    this.#era = era
  }

  /** Begins a session, where the era knows them. */
  async begin(): Promise<void> {
    if (this.#era === '2026') return
    this.#session = undefined
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'chaos', version: '1' } }
    const { headers, text } = await this.#post({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
    const session = headers['mcp-session-id']
    if (typeof session !== 'string') throw new Error(`no session: ${text}`)
    this.#session = session
    await this.#post({ jsonrpc: '2.0', method: 'notifications/initialized' })
  }

  async call(): Promise<CallOutcome> {
    const traceId = randomBytes(16).toString('hex')
    const id = ++this.#lastId
    const params = { name: 'work', arguments: {}, ...(this.#era === '2026' && { _meta: envelope }) }
    const modern = { 'mcp-method': 'tools/call', 'mcp-name': 'work' }
    const headers = { traceparent: `00-${traceId}-0000000000000001-01`, ...(this.#era === '2026' && modern) }
    const startedAtMs = performance.now()
    const answer = await this.#post({ jsonrpc: '2.0', id, method: 'tools/call', params }, headers)
    const elapsedMs = performance.now() - startedAtMs
    if (answer.message?.id !== id) throw new Error(`no answer to ${id} (${answer.status}): ${answer.text.slice(-500)}`)
    return { ...answer, elapsedMs, traceId }
  }

  /** Ends the session, where there is one. */
  async end(): Promise<void> {
    if (this.#session === undefined) return
    const headers = { ...this.#headers(), connection: 'close' }
    const answer = await request(this.#url, { method: 'DELETE', headers })
    await answer.body.dump()
    this.#session = undefined
  }

  /** Opens the stream of the session, or a subscription. */
  async listen(): Promise<OpenAnswer> {
    if (this.#era === '2025') return openAnswer(this.#url, this.#headers())
    const params = { notifications: { toolsListChanged: true }, _meta: envelope }
    const body = { jsonrpc: '2.0', id: ++this.#lastId, method: 'subscriptions/listen', params }
    const stream = await openAnswer(this.#url, { ...this.#headers(), 'mcp-method': 'subscriptions/listen' }, body)
    const first = await stream.next()
    if (!first.method?.endsWith('acknowledged')) throw new Error(`no acknowledgement: ${stream.text()}`)
    return stream
  }

  #post(body: object, extra: Record<string, string> = {}): Promise<PostAnswer> {
    return postRaw(this.#url, JSON.stringify(body), { ...this.#headers(), connection: 'close', ...extra })
  }

  #headers(): Record<string, string> {
    return {
      authorization: `Bearer ${this.#token}`,
      'mcp-protocol-version': this.#era === '2026' ? '2026-07-28' : '2025-11-25',
      ...(this.#session !== undefined && { 'mcp-session-id': this.#session }),
    }
  }
}

const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'chaos', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}
