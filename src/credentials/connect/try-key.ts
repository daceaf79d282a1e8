import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { presentKey } from '../present-credential.ts'
import type { Probe, SendProbe } from './send-probe.ts'

/** What the upstream said of a key; `untried` when it could not be asked. */
export type KeyVerdict = 'accepted' | 'rejected' | 'untried'

const clientInfo = { name: 'sallyport', version: '1' }

/** `server/discover` of 2026-07-28 leaves nothing behind at the upstream; older servers answer it with an error. */
const discover: Probe = {
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

const initialize: Probe = {
  headers: {},
  message: { method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } },
}

/**
 * Tries a key at its upstream: modern MCP first, then the handshake of older servers. Only 401 and 403 say that the key is wrong, only a
 * success says that it is right, and none does where nobody needs a key for that much.
 */
export async function tryKey(upstream: UpstreamSettings, key: string, send: SendProbe): Promise<KeyVerdict> {
  const [name, value] = presentKey(key, upstream.apiKey)
  for (const { headers, message } of [discover, initialize]) {
    const status = await send(upstream, { headers: { ...headers, [name]: value }, message }).catch(() => undefined)
    if (status === 401 || status === 403) return 'rejected'
    if (status !== undefined && status < 300)
      return (await letsIn(upstream, { headers, message }, send)) ? 'untried' : 'accepted'
  }
  return 'untried'
}

/** True when the upstream answers the same to somebody without a key. */
async function letsIn(upstream: UpstreamSettings, probe: Probe, send: SendProbe): Promise<boolean> {
  const status = await send(upstream, probe).catch(() => undefined)
  return status !== undefined && status < 300
}
