import type { UpstreamSettings } from '../../contracts/upstream.ts'

/** What the upstream said of a key; `untried` when it could not be asked. */
export type KeyVerdict = 'accepted' | 'rejected' | 'untried'

/** Sends one message to an upstream's MCP endpoint with a credential. Rejects when there is no answer in time. */
export type SendProbe = (
  upstream: UpstreamSettings,
  headers: { readonly [name: string]: string },
  body: string,
) => Promise<{ readonly status: number }>

const clientInfo = { name: 'sallyport', version: '1' }

/** `server/discover` of 2026-07-28 leaves nothing behind at the upstream; older servers answer it with an error. */
const discover = {
  headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'server/discover' },
  message: {
    method: 'server/discover',
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': clientInfo,
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  },
}

const initialize = {
  headers: {},
  message: { method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } },
}

/**
 * Tries a key at its upstream: modern MCP first, then the handshake of older servers. Only 401 and 403 say that the key is wrong; what is no
 * success says nothing.
 */
export async function tryKey(upstream: UpstreamSettings, key: string, send: SendProbe): Promise<KeyVerdict> {
  for (const { headers, message } of [discover, initialize]) {
    const verdict = await probe(upstream, { ...headers, ...keyHeader(upstream, key) }, message, send)
    if (verdict !== 'untried') return verdict
  }
  return 'untried'
}

async function probe(
  upstream: UpstreamSettings,
  headers: { readonly [name: string]: string },
  message: object,
  send: SendProbe,
): Promise<KeyVerdict> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, ...message })
  const accepted = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }
  try {
    const { status } = await send(upstream, { ...accepted, ...headers }, body)
    if (status === 401 || status === 403) return 'rejected'
    return status < 300 ? 'accepted' : 'untried'
  } catch {
    return 'untried'
  }
}

function keyHeader({ apiKey }: UpstreamSettings, key: string): { readonly [name: string]: string } {
  const { header, scheme } = apiKey ?? { header: 'authorization', scheme: 'Bearer' }
  return { [header]: scheme === '' ? key : `${scheme} ${key}` }
}
