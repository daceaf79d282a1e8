import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { createUpstreamPool, sendUpstream } from '../../http/send-upstream.ts'

/** One message to the MCP endpoint of an upstream. */
export interface Probe {
  readonly headers: { readonly [name: string]: string }
  readonly message: object
}

/** Sends a probe and resolves to the status of the answer. Rejects when there is none in time. */
export type SendProbe = (upstream: Pick<UpstreamSettings, 'url' | 'clientCertificate'>, probe: Probe) => Promise<number>

const pool = { connections: 1, connectMs: 5_000, firstByteMs: 10_000, idleMs: 10_000 }
const limits = { responseBytes: 1024 * 1024, sseEventBytes: 1024 * 1024, firstByteMs: 10_000, totalMs: 15_000 }

/** Through the same door, and with the same certificate, as the calls themselves. A session that the upstream opened is ended again. */
export const sendProbe: SendProbe = async (upstream, { headers, message }) => {
  const { origin, pathname: path } = new URL(upstream.url)
  const connection = createUpstreamPool(origin, pool, upstream.clientCertificate)
  const all = { accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...headers }
  try {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }))
    const { answer } = sendUpstream(connection, { path, headers: Object.entries(all).flat(), body }, limits)
    const { status, responseHeaders } = await answer
    const session = responseHeaders['mcp-session-id']
    if (typeof session === 'string') {
      const ended = { ...headers, 'mcp-session-id': session }
      await connection.request({ method: 'DELETE', path, headers: ended }).catch(() => undefined)
    }
    return status
  } finally {
    await connection.destroy()
  }
}
