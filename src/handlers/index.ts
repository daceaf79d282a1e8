import type { HandlerType } from '../contracts/handler.ts'
import { mcpAggregateHandler } from './mcp-aggregate/handler.ts'
import { mcpProxyHandler } from './mcp-proxy/handler.ts'
import { mcpStdioHandler } from './mcp-stdio/handler.ts'

/** Every handler a route may name. */
export const handlerTypes: readonly HandlerType[] = [mcpProxyHandler, mcpAggregateHandler, mcpStdioHandler]
