import type { McpAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { type JsonObject, objectMember } from '../../lib/json.ts'
import { createKnownAnswer, createOwnAnswer } from '../own-answer.ts'
import { connectTool } from './connect-tool.ts'
import type { ConnectAdvice } from './describe-connect.ts'

/**
 * A list for somebody who is not connected: what the upstream listed last, so that nothing vanishes; else, for tools, the one that
 * connects. `known` went through no policy yet.
 */
export function answerList(
  advice: ConnectAdvice,
  message: McpMessage,
  member: string,
  known: JsonObject | undefined,
): McpAnswer {
  // The known list is whole, so there is no second page.
  const isFirstPage = objectMember(message.body, 'params')?.cursor === undefined
  if (known && isFirstPage) return createKnownAnswer(message, uncached(message, known), advice.refusal)
  const list = isFirstPage && message.method === 'tools/list' ? [connectTool(advice)] : []
  return createOwnAnswer(message, uncached(message, { [member]: list }), advice.refusal)
}

/** Nothing of it may be kept: it is another list as soon as somebody connects. */
export function uncached(message: McpMessage, result: JsonObject): JsonObject {
  const { resultType: _, ttlMs: __, cacheScope: ___, ...rest } = result
  return message.era === 'modern' ? { resultType: 'complete', ...rest, ttlMs: 0, cacheScope: 'private' } : rest
}
