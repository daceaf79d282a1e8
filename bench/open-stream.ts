import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'

/** One open stream of a client, and what came of it. */
export interface OpenStream {
  /** Notifications so far, without acknowledgements. */
  readonly told: number
  /** Keep-alive comments so far. */
  readonly comments: number
  close(): void
}

const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** Opens `subscriptions/listen`, or the GET stream of a new session. Rejects when that is refused. */
export async function openBenchStream(url: string, token: string, isModern: boolean): Promise<OpenStream> {
  const authorization = `Bearer ${token}`
  if (isModern) {
    const params = { notifications: { toolsListChanged: true }, _meta: envelope }
    const headers = { authorization, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' }
    const body = { jsonrpc: '2.0', id: 'listen', method: 'subscriptions/listen', params }
    return follow(await send(url, headers, body))
  }
  const headers = { authorization, 'mcp-protocol-version': '2025-11-25' }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } }
  const begun = await send(url, headers, { jsonrpc: '2.0', id: 0, method: 'initialize', params })
  begun.resume()
  const session = String(begun.headers['mcp-session-id'])
  return follow(await send(url, { ...headers, 'mcp-session-id': session }))
}

async function send(url: string, headers: { readonly [name: string]: string }, body?: object) {
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const accept = body === undefined ? 'text/event-stream' : 'application/json, text/event-stream'
  const method = body === undefined ? 'GET' : 'POST'
  const sent = request(url, { method, agent: false, headers: { accept, ...type, ...headers } })
  sent.end(body && JSON.stringify(body))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  if (response.statusCode === 200) return response
  let text = ''
  for await (const chunk of response) text += String(chunk)
  throw new Error(`${url} answered ${response.statusCode}: ${text.slice(0, 500)}`)
}

function follow(response: IncomingMessage): OpenStream {
  const stream = { told: 0, comments: 0, close: () => void response.destroy() }
  let rest = ''
  response.setEncoding('utf8').on('error', () => undefined)
  response.on('data', (chunk: string) => {
    const events = (rest + chunk).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      if (event.startsWith(':')) stream.comments++
      else if (event.includes('"notifications/tools/list_changed"')) stream.told++
    }
  })
  return stream
}
