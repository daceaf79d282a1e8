import { isJsonObject, type JsonObject, objectMember, omitMembers } from '../../../lib/json.ts'
import { serverInfoKey } from '../../eras/2026-07-28/check-envelope.ts'
import { findParameterHeaders } from '../../parameter-headers.ts'
import { describesObject, wrapSchema } from './output-schema.ts'

/** A complete result of 2026-07-28 as the older revisions know it; what they have in common stays as it came. */
export function legacyResult(result: JsonObject, method: string, wrapsOutput: boolean): JsonObject {
  const kept = withoutModernMembers(result)
  if (method === 'tools/list') return legacyToolList(kept)
  return method === 'tools/call' ? legacyToolResult(kept, wrapsOutput) : kept
}

function withoutModernMembers(modern: JsonObject): JsonObject {
  const result = omitMembers(modern, 'resultType', 'ttlMs', 'cacheScope')
  const meta = objectMember(result, '_meta')
  if (meta === undefined || !Object.hasOwn(meta, serverInfoKey)) return result
  const others = omitMembers(meta, serverInfoKey)
  return Object.keys(others).length > 0 ? { ...result, _meta: others } : omitMembers(result, '_meta')
}

/** Tools that a 2026-07-28 client must not offer (§x-mcp-header) are left out; output that is no object is wrapped in one. */
function legacyToolList(result: JsonObject): JsonObject {
  if (!Array.isArray(result.tools)) return result
  const tools = result.tools.filter(
    (tool) => !isJsonObject(tool) || findParameterHeaders(tool.inputSchema) !== 'invalid',
  )
  return { ...result, tools: tools.map((tool: unknown) => (isJsonObject(tool) ? legacyTool(tool) : tool)) }
}

function legacyTool(tool: JsonObject): JsonObject {
  const { outputSchema } = tool
  if (outputSchema === undefined || describesObject(outputSchema)) return tool
  return { ...tool, outputSchema: wrapSchema(outputSchema) }
}

/** `structuredContent` is an object in the older revisions; clients that only read text find it there as well. */
function legacyToolResult(result: JsonObject, wrapsOutput: boolean): JsonObject {
  const { structuredContent } = result
  if (structuredContent === undefined || (isJsonObject(structuredContent) && !wrapsOutput)) return result
  const content: unknown[] = Array.isArray(result.content) ? result.content : []
  const hasText = content.some((block) => isJsonObject(block) && block.type === 'text')
  const copy = hasText ? [] : [{ type: 'text', text: JSON.stringify(structuredContent) }]
  return { ...result, content: [...content, ...copy], structuredContent: { result: structuredContent } }
}
