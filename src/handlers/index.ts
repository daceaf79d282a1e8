import type { HandlerType } from '../contracts/handler.ts'
import { mcpProxyHandler } from './mcp-proxy/handler.ts'

/** Every handler a route may name. */
export const handlerTypes: readonly HandlerType[] = [mcpProxyHandler]
