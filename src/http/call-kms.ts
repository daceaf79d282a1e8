import { isLoopbackHost } from '../lib/loopback.ts'
import { flattenHeaders, readLimited } from './guarded-connector.ts'
import { createAgent, sendRequest } from './undici.ts'

/** One request to a service that keeps keys. */
export interface KmsRequest {
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

/** Its answer, read completely. */
export interface KmsAnswer {
  readonly status: number
  readonly body: string
}

/** Posts a request to a service that keeps keys. Rejects with an error that names the host, and nothing of the request. */
export type CallKms = (url: string, options: KmsRequest) => Promise<KmsAnswer>

const timeoutMs = 10_000
const maxBytes = 64 * 1024

/**
 * The only way out to key services (AWS KMS, HashiCorp Vault): https, no redirects, capped. Their address is the operator's, so it may
 * be in a private network; plain http is for loopback in development.
 */
export function createCallKms(options: { readonly allowLoopbackHttp: boolean }): CallKms {
  const agent = createAgent({ connect: { timeout: 5000 }, keepAliveTimeout: 1000, pipelining: 0 })
  return async (url, { headers, body }) => {
    const target = new URL(url)
    const isLoopbackHttp = target.protocol === 'http:' && isLoopbackHost(target.hostname)
    if (target.protocol !== 'https:' && !(isLoopbackHttp && options.allowLoopbackHttp)) {
      throw new Error(`${target.host} is not called: key services are reached by https only`)
    }
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const answer = await sendRequest(agent, target, { method: 'POST', headers, body, signal })
      const bytes = await readLimited(answer.body, flattenHeaders(answer.headers), maxBytes)
      return { status: answer.statusCode, body: bytes.toString('utf8') }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message || cause.name : String(cause)
      throw new Error(`${target.host} does not answer: ${why}`, { cause })
    }
  }
}
