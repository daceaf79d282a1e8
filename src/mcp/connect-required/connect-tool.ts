import type { McpAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import type { JsonObject } from '../../lib/json.ts'
import { createOwnAnswer } from '../own-answer.ts'
import type { ConnectAdvice } from './describe-connect.ts'
import { forEra } from './refuse-call.ts'

/** Name of the tool that stands for an upstream whose tools nobody knows yet. */
export function connectToolName({ id }: UpstreamSettings): string {
  return `connect_${id}`
}

/** The tool as a list shows it. */
export function connectTool({ upstream, summary }: ConnectAdvice): JsonObject {
  const { displayName } = upstream
  return {
    name: connectToolName(upstream),
    title: `Connect ${displayName}`,
    description: `${summary} The tools of ${displayName} appear after that. Call this tool for a link that the person opens in a browser; then list the tools again.`,
    inputSchema: { type: 'object', properties: {} },
    annotations: { readOnlyHint: true, openWorldHint: false },
  }
}

/** What the tool says when there is nothing left to connect. */
export function answerConnected(upstream: UpstreamSettings, message: McpMessage): McpAnswer {
  const text = `${upstream.displayName} is connected. List the tools again to see what it offers.`
  return createOwnAnswer(message, forEra(message, { content: [{ type: 'text', text }] }))
}
