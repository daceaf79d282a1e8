import { randomBytes } from 'node:crypto'
import type { CredentialSource } from '../../src/contracts/credential.ts'
import type { Exchange } from '../../src/contracts/exchange.ts'
import type { McpAnswer, McpHandler, StreamedAnswer } from '../../src/contracts/handler.ts'
import type { KnownCatalogs } from '../../src/contracts/storage.ts'
import { asGatewayError, GatewayError } from '../../src/errors/gateway-error.ts'
import { mcpProxyHandler } from '../../src/handlers/mcp-proxy/handler.ts'
import { UpstreamHeaderMap } from '../../src/http/exchange.ts'
import { eventData } from '../../src/http/split-events.ts'
import { createTokenSealer } from '../../src/lib/seal-token.ts'
import { classifyMessage } from '../../src/mcp/classify-message.ts'
import { createLiveSessions } from '../../src/mcp/live-sessions.ts'

/** One caller of a proxy that a test drives without a gateway around it. */
export interface ProxyCaller {
  readonly subject?: string
  readonly session?: string | undefined
  /** Headers that policies set. */
  readonly upstreamHeaders?: { readonly [name: string]: string }
}

/** What the proxy answered. */
export interface ProxyAnswer {
  readonly result: { readonly [member: string]: unknown } | undefined
  /** JSON-RPC error of the upstream, or the refusal of the gateway. */
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } | undefined
  readonly refusal: GatewayError | undefined
  readonly isOwn: boolean
  readonly status: number
  readonly session: string | undefined
}

/** A proxy to `upstream` under test; `changes` are options of its handler, `limitChanges` replace limits. */
export function createTestProxy(
  upstream: string,
  credentials: CredentialSource,
  knownCatalogs: KnownCatalogs,
  changes: object = {},
  limitChanges: object = {},
): McpHandler {
  const limits = {
    responseBytes: 1_000_000,
    sseEventBytes: 1_000_000,
    upstreamConnections: 8,
    upstreamConnectSeconds: 5,
    upstreamFirstByteSeconds: 5,
    upstreamIdleSeconds: 5,
    upstreamTotalSeconds: 10,
    capabilities: 1000,
    ...limitChanges,
  }
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const sessionSealer = createTokenSealer(randomBytes(32))
  const options = mcpProxyHandler.options.parse({ rewritePattern: upstream, ...changes })
  return mcpProxyHandler.create(options, {
    routeName: 'tracker',
    log,
    limits,
    credentials,
    knownCatalogs,
    sessionSealer,
    relaySealer: sessionSealer,
    liveSessions: createLiveSessions(),
    hasStream: true,
    routes: noRoutes,
    projectDirectory: '/',
    environment: {},
  })
}

const refuse = () => Promise.reject(new Error('a proxy asks no other route'))
const noRoutes = { ask: refuse, hasStream: () => false, openStream: refuse, endSession: refuse }

const modernMeta = (capabilities: object) => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': capabilities,
})

/** Sends a message of 2026-07-28. */
export function askModern(
  proxy: McpHandler,
  method: string,
  params: object = {},
  caller: ProxyCaller & { readonly capabilities?: object } = {},
): Promise<ProxyAnswer> {
  const body = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: modernMeta(caller.capabilities ?? {}) } }
  const { name, uri, taskId }: { name?: unknown; uri?: unknown; taskId?: unknown } = params
  const mirrored = name ?? uri ?? taskId
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof mirrored === 'string' && { 'mcp-name': mirrored }),
  }
  return ask(proxy, body, headers, caller)
}

/** Sends a message of 2025-11-25; without `id` it is a notification. */
export function askLegacy(
  proxy: McpHandler,
  method: string,
  params: object = {},
  caller: ProxyCaller & { readonly id?: number | undefined } = {},
): Promise<ProxyAnswer> {
  const id = 'id' in caller ? caller.id : 1
  const headers: { [name: string]: string } = { 'mcp-protocol-version': '2025-11-25' }
  if (caller.session !== undefined) headers['mcp-session-id'] = caller.session
  return ask(proxy, { jsonrpc: '2.0', ...(id !== undefined && { id }), method, params }, headers, caller)
}

async function ask(
  proxy: McpHandler,
  body: object,
  headers: { readonly [name: string]: string },
  caller: ProxyCaller,
): Promise<ProxyAnswer> {
  const message = classifyMessage(headers, body, Buffer.from(JSON.stringify(body)))
  if (message instanceof GatewayError) throw message
  let session: string | undefined
  const exchange = createExchange(headers, caller, (id) => {
    session = id
  })
  const answer = await Promise.resolve(proxy.handleMessage(message, exchange)).catch((error: unknown) => error)
  if (answer instanceof GatewayError) {
    const error = { code: answer.code, message: answer.message, data: answer.details.data }
    return { result: undefined, error, refusal: answer, isOwn: true, status: answer.status, session }
  }
  if (!isAnswer(answer)) throw new Error(`no answer: ${String(answer)}`)
  const last = answer.kind === 'json' ? { body: answer.body, failure: undefined } : await readLast(answer)
  const response = (last.body.length > 0 ? JSON.parse(last.body.toString()) : {}) as Pick<
    ProxyAnswer,
    'result' | 'error'
  >
  const { refusal = last.failure, isOwn = false } = answer.kind === 'json' ? answer : {}
  return { result: response.result, error: response.error, refusal, isOwn, status: answer.status, session }
}

/** The last message of a stream, and how it broke off. */
function readLast(stream: StreamedAnswer): Promise<{ body: Buffer; failure: GatewayError | undefined }> {
  return new Promise((resolve) => {
    let body: Buffer = Buffer.alloc(0)
    stream.read({
      onEvent(event) {
        body = eventData(event) ?? body
        return true
      },
      onEnd: (error) => resolve({ body, failure: error && asGatewayError(error) }),
    })
  })
}

function isAnswer(answer: unknown): answer is McpAnswer {
  return typeof answer === 'object' && answer !== null && 'kind' in answer
}

function createExchange(
  headers: { readonly [name: string]: string },
  { subject = 'ada', upstreamHeaders = {} }: ProxyCaller,
  onSession: (id: string) => void,
): Exchange {
  const map = new UpstreamHeaderMap()
  for (const [name, value] of Object.entries(upstreamHeaders)) map.set(name, value)
  return {
    requestId: 'request',
    routeName: 'tracker',
    routePath: '/mcp/tracker',
    httpMethod: 'POST',
    path: '/mcp/tracker',
    search: '',
    headers,
    clientAddress: '127.0.0.1',
    subject: { id: subject, tenant: 'default', clientId: 'client', scopes: [], data: {} },
    tenant: 'default',
    upstreamHeaders: map,
    connectionId: undefined,
    setResponseHeader: (name, value) => name === 'mcp-session-id' && onSession(value),
    onCancel: () => {},
  }
}
