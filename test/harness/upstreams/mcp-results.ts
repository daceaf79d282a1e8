import type { UpstreamMessage } from './listen.ts'

const capabilities = { tools: {} }
const serverInfo = { name: 'test-upstream', version: '1.0.0' }

/** The result of a handshake of either era, or undefined for other methods. */
export function handshakeResult(message: UpstreamMessage): object | undefined {
  if (message.method === 'initialize') {
    return { protocolVersion: message.params?.['protocolVersion'] ?? '2025-11-25', capabilities, serverInfo }
  }
  if (message.method !== 'server/discover') return undefined
  const supportedVersions = ['2026-07-28', '2025-11-25', '2025-06-18']
  return { resultType: 'complete', supportedVersions, capabilities, ttlMs: 0, cacheScope: 'public' }
}

/** A `tools/list` result that holds for both eras. */
export function toolList(tools: readonly object[], ttlMs = 0): object {
  return { resultType: 'complete', tools, ttlMs, cacheScope: 'public' }
}

/** A `tools/call` result of one text that holds for both eras. */
export function textResult(text: string): object {
  return { resultType: 'complete', content: [{ type: 'text', text }] }
}

/** A tool without arguments. */
export function plainTool(name: string): object {
  return { name, description: `The tool ${name}.`, inputSchema: { type: 'object' } }
}
