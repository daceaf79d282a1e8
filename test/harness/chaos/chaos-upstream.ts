import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sendJson, type UpstreamMessage } from '../upstreams/listen.ts'
import { plainTool } from '../upstreams/mcp-results.ts'
import { type BlackHole, openBlackHole } from './black-hole.ts'

export type ChaosEra = '2025' | '2026'

/** A call that the upstream began to carry out. */
export interface ChaosCall {
  readonly id: string | number
  readonly response: ServerResponse
  /** The right answer, as JSON. */
  readonly answer: (text: string) => void
  /** The right answer as a JSON-RPC message. */
  readonly message: (text: string) => string
}

/** An upstream that speaks one era only and can be hit by every fault that servers and networks have. */
export interface ChaosUpstream {
  readonly url: string
  /** Calls that it began to carry out. */
  readonly calls: number
  /** Open sessions of the older era. */
  readonly sessions: number
  /** Open streams of sessions, and subscriptions. */
  readonly streams: readonly ServerResponse[]
  /** Says on all open streams that the list of tools changed. */
  tell(): void
  /** What it does with a call of a tool. */
  onCall: (call: ChaosCall) => void
  /** Forgets all sessions. */
  forget(): void
  /** Stops to listen and breaks all connections. */
  stop(): Promise<void>
  /** Listens again where it did, without its sessions. Nothing happens while it listens. */
  start(): Promise<void>
  /** As `stop`, but whoever connects waits for ever. */
  goDark(): Promise<void>
  /** Closes connections that wait for the next call. */
  closeIdle(): void
}

const capabilities = { tools: { listChanged: true } }
const serverInfo = { name: 'chaos', version: '1.0.0' }
const modern = { resultType: 'complete', _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo } }
const versionKey = 'io.modelcontextprotocol/protocolVersion'

/** Starts the upstream on a free port of 127.0.0.1. */
export async function startChaosUpstream(era: ChaosEra): Promise<ChaosUpstream> {
  const upstream = new ScriptedChaos(era)
  await upstream.start()
  return upstream
}

class ScriptedChaos implements ChaosUpstream {
  calls = 0
  onCall: (call: ChaosCall) => void = (call) => call.answer('fine')
  readonly #era: ChaosEra
  readonly #sessions = new Set<string>()
  /** With the id of the subscription, where it is one. */
  readonly #streams = new Map<ServerResponse, string | number | undefined>()
  #port = 0
  #server: Server | undefined
  #hole: BlackHole | undefined

  constructor(era: ChaosEra) {
    this.#era = era
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/mcp`
  }

  get sessions(): number {
    return this.#sessions.size
  }

  get streams(): readonly ServerResponse[] {
    return [...this.#streams.keys()]
  }

  tell(): void {
    for (const [stream, id] of this.#streams) sendEvent(stream, 'notifications/tools/list_changed', id)
  }

  forget(): void {
    this.#sessions.clear()
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) return
    await this.#hole?.close()
    this.#hole = undefined
    const server = createServer((request, response) => this.#receive(request, response))
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async stop(): Promise<void> {
    this.forget()
    await this.#hole?.close()
    this.#hole = undefined
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
  }

  async goDark(): Promise<void> {
    await this.stop()
    this.#hole = await openBlackHole(this.#port)
  }

  closeIdle(): void {
    this.#server?.closeIdleConnections()
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    request.on('error', () => response.destroy())
    response.on('error', () => undefined)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      const message = (text === '' ? { method: '' } : JSON.parse(text)) as UpstreamMessage
      if (this.#era === '2025') this.#answerOlder(message, request, response)
      else this.#answerNewer(message, response)
    })
  }

  #answerOlder(message: UpstreamMessage, request: IncomingMessage, response: ServerResponse): void {
    const session = request.headers['mcp-session-id']
    if (message.method === 'initialize') {
      const id = randomUUID()
      this.#sessions.add(id)
      const result = { protocolVersion: '2025-11-25', capabilities, serverInfo }
      return sendJson(response, { jsonrpc: '2.0', id: message.id, result }, 200, { 'mcp-session-id': id })
    }
    if (typeof session !== 'string') {
      const error = { code: -32000, message: 'Bad Request: Mcp-Session-Id header is required' }
      return sendJson(response, { jsonrpc: '2.0', id: null, error }, 400)
    }
    if (!this.#sessions.has(session)) {
      const error = { code: -32001, message: 'Session not found' }
      return sendJson(response, { jsonrpc: '2.0', id: null, error }, 404)
    }
    if (request.method === 'DELETE') {
      this.#sessions.delete(session)
      return void response.writeHead(204).end()
    }
    if (request.method === 'GET') return this.#openStream(response, undefined)
    this.#answerBoth(message, {}, response)
  }

  #answerNewer(message: UpstreamMessage, response: ServerResponse): void {
    const meta = message.params?.['_meta'] as { readonly [key: string]: unknown } | undefined
    if (meta?.[versionKey] !== '2026-07-28') {
      const data = { supported: ['2026-07-28'], requested: meta?.[versionKey] ?? '2025-11-25' }
      const error = { code: -32022, message: 'Unsupported protocol version', data }
      return sendJson(response, { jsonrpc: '2.0', id: message.id, error }, 400)
    }
    if (message.method === 'subscriptions/listen') return this.#openStream(response, message.id)
    if (message.method !== 'server/discover') return this.#answerBoth(message, modern, response)
    const result = { ...modern, supportedVersions: ['2026-07-28'], capabilities, ttlMs: 60_000 }
    sendJson(response, { jsonrpc: '2.0', id: message.id, result: { ...result, cacheScope: 'private' } })
  }

  #openStream(response: ServerResponse, id: string | number | undefined): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    this.#streams.set(response, id)
    response.once('close', () => this.#streams.delete(response))
    if (id !== undefined) sendEvent(response, 'notifications/subscriptions/acknowledged', id)
  }

  #answerBoth({ id, method }: UpstreamMessage, extra: object, response: ServerResponse): void {
    if (id === undefined) return void response.writeHead(202).end()
    if (method === 'tools/list') {
      const result = { ...extra, tools: [plainTool('work')], ...('resultType' in extra && { ttlMs: 0 }) }
      return sendJson(response, { jsonrpc: '2.0', id, result: { ...result, cacheScope: 'private' } })
    }
    this.calls++
    const message = (text: string) =>
      JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }], ...extra } })
    const answer = (text: string) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(message(text))
    this.onCall({ id, response, answer, message })
  }
}

function sendEvent(response: ServerResponse, method: string, subscription: string | number | undefined): void {
  const _meta = { 'io.modelcontextprotocol/subscriptionId': subscription }
  const params = { ...(method.endsWith('acknowledged') && { notifications: { toolsListChanged: true } }), _meta }
  const message = { jsonrpc: '2.0', method, ...(subscription !== undefined && { params }) }
  response.write(`data: ${JSON.stringify(message)}\n\n`)
}
