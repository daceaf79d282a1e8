import { Agent, request } from 'undici'
import type { PostExport } from '../contracts/post-export.ts'
import { flattenHeaders } from './guarded-connector.ts'

const timeoutMs = 10_000
const shownBytes = 4096
const longestRetryAfterSeconds = 300

/**
 * The only way out to receivers of events, metrics and alerts. Their addresses are the operator's own words (`telemetry`, `exports`, `alerts`), so
 * they may be in a private network; the settings refuse plain http to another machine that was not asked for. No redirects: what is sent would
 * go to somebody whom nobody named.
 */
export function createPostExport(): { readonly post: PostExport; close(): Promise<void> } {
  const agent = new Agent({ connect: { timeout: 5000 }, keepAliveTimeout: 4000, pipelining: 1, connections: 4 })
  const post: PostExport = async (url, { headers, body }) => {
    const target = new URL(url)
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const answer = await request(target, { method: 'POST', headers, body, dispatcher: agent, signal })
      const retryAfter = Number(flattenHeaders(answer.headers)['retry-after'])
      return {
        status: answer.statusCode,
        body: await readStart(answer.body),
        retryAfterMs: retryAfter >= 0 ? Math.min(retryAfter, longestRetryAfterSeconds) * 1000 : undefined,
      }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message || cause.name : String(cause)
      throw new Error(`${target.host} does not answer: ${why}`, { cause })
    }
  }
  return { post, close: () => agent.destroy() }
}

/** The rest is read and thrown away where it is short; a receiver that sends without end loses its connection. */
async function readStart(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    if (length < shownBytes) chunks.push(chunk.subarray(0, shownBytes - length))
    length += chunk.length
    if (length > 64 * shownBytes) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
