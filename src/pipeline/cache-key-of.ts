import type { McpMessage } from '../contracts/mcp.ts'
import type { HttpExchange } from '../http/exchange.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import { type CacheKey, cacheKey } from '../mcp/catalog-cache.ts'
import { findMethod } from '../mcp/methods.ts'
import type { Route } from './route.ts'

/** Only modern answers say how long they hold; legacy lists are asked for every time. */
export function cacheKeyOf(
  message: McpMessage,
  exchange: HttpExchange,
  { handler }: Route,
): MaybePromise<CacheKey | undefined> {
  if (message.era !== 'modern' || !findMethod(message.method, 'modern')?.cacheable) return undefined
  if (handler.cacheOwner === undefined) return cacheKey(message, exchange)
  const keyOf = (owner: string | undefined) => (owner === undefined ? undefined : cacheKey(message, exchange, owner))
  const owner = handler.cacheOwner(exchange)
  return owner instanceof Promise ? owner.then(keyOf) : keyOf(owner)
}
