import type { Exchange } from '../contracts/exchange.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import { type JsonObject, objectMember } from '../lib/json.ts'
import { Lru } from '../lib/lru.ts'
import { clientCapabilitiesKey } from './eras/2026-07-28/check-envelope.ts'

const maxEntries = 1_024
const maxBytes = 64 * 1024 * 1024
const maxTtlMs = 60 * 60 * 1000

interface Entry {
  /** The result without ttlMs, after all policies, from its second byte on: `"tools":[…]}`. */
  readonly rest: Buffer
  readonly expiresAtMs: number
}

/**
 * Answers of one route to list requests, as bytes, after all policies. Honours `ttlMs` and `cacheScope` (2026-07-28 §caching):
 * what an upstream does not declare cacheable is asked for every time.
 */
export class CatalogCache {
  /** A small answer counts as much as one of `maxEntries` may, so both limits hold. */
  readonly #entries = new Lru<string, Entry>(maxBytes, {
    sizeCalculation: (entry, key) => Math.max(entry.rest.length + key.length, maxBytes / maxEntries),
  })

  readonly #onChanged: (() => void) | undefined

  /** `onChanged` is told when the upstream says that a list changed. */
  constructor(onChanged?: () => void) {
    this.#onChanged = onChanged
  }

  /** The whole JSON-RPC answer under the caller's id, or undefined when it must be asked for. */
  answer(key: CacheKey, id: string | number): Buffer | undefined {
    const entry = this.#entries.get(key.shared) ?? this.#entries.get(key.personal)
    if (entry === undefined) return undefined
    const ttlMs = Math.ceil(entry.expiresAtMs - performance.now())
    if (ttlMs <= 0) return undefined
    const head = Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"ttlMs":${ttlMs},`)
    return Buffer.concat([head, entry.rest, answerEnd], head.length + entry.rest.length + 1)
  }

  /** Keeps a result if it may be kept. `varies`: a policy made it for this subject, so `public` does not hold any more. */
  keep(key: CacheKey, result: JsonObject, varies: boolean): void {
    const { ttlMs, ...rest } = result
    if (typeof ttlMs !== 'number' || !(ttlMs > 0) || Object.keys(rest).length === 0) return
    if (rest.resultType !== undefined && rest.resultType !== 'complete') return
    this.#entries.set(rest.cacheScope === 'public' && !varies ? key.shared : key.personal, {
      rest: Buffer.from(JSON.stringify(rest)).subarray(1),
      expiresAtMs: performance.now() + Math.min(ttlMs, maxTtlMs),
    })
  }

  /** The upstream said that a list changed. */
  clear(): void {
    this.forget()
    this.#onChanged?.()
  }

  /** Forgets everything. */
  forget(): void {
    this.#entries.clear()
  }
}

const answerEnd = Buffer.from('}')

/** Under which keys an answer may be found: for everybody of one tenant, and for one subject and client. */
export interface CacheKey {
  readonly shared: string
  readonly personal: string
}

/**
 * Everything that may change the answer: tenant, message, declared capabilities, and the very headers that would go upstream. `owner` names
 * the brokered credential, which is not among those headers: nothing is shared between two of them.
 */
export function cacheKey(message: McpMessage, exchange: Exchange, owner?: string): CacheKey {
  const params = objectMember(message.body, 'params')
  const meta = params && objectMember(params, '_meta')
  const { _meta: _, ...question } = params ?? {}
  const headers = [...exchange.upstreamHeaders.entries()].filter(([name]) => !isTracing(name))
  const shared = JSON.stringify([
    exchange.tenant,
    owner,
    message.protocolVersion,
    message.method,
    question,
    meta?.[clientCapabilitiesKey],
    headers,
    exchange.search,
  ])
  const { subject } = exchange
  return {
    shared,
    personal: `${JSON.stringify([subject?.id, subject?.clientId, subject?.scopes])}${shared}`,
  }
}

function isTracing(name: string): boolean {
  return name === 'traceparent' || name === 'tracestate' || name === 'baggage'
}
