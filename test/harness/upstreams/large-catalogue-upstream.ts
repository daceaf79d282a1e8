import { type RunningUpstream, sendJson, startUpstream } from './listen.ts'
import { handshakeResult, textResult, toolList } from './mcp-results.ts'

/** An upstream with many tools that counts how often it was asked for them. */
export interface LargeCatalogueUpstream extends RunningUpstream {
  readonly listCalls: () => number
}

/** Starts an upstream whose `tools/list` is about 200 KB: `tool_0` to `tool_<count - 1>`, cacheable for everybody. */
export async function startLargeCatalogueUpstream(count = 200, ttlMs = 60_000): Promise<LargeCatalogueUpstream> {
  const tools = Array.from({ length: count }, (_, index) => largeTool(`tool_${index}`))
  let listCalls = 0
  const upstream = await startUpstream((message, _, response) => {
    if (message.id === undefined) return response.writeHead(202).end()
    if (message.method === 'tools/list') listCalls += 1
    const list = message.method === 'tools/list' ? toolList(tools, ttlMs) : undefined
    const result = handshakeResult(message) ?? list ?? textResult('ok')
    return sendJson(response, { jsonrpc: '2.0', id: message.id, result })
  })
  return { ...upstream, listCalls: () => listCalls }
}

/** A tool of about one kilobyte, in the shape of real ones. */
function largeTool(name: string): object {
  const text = (subject: string) => ({
    type: 'string',
    description: `The ${subject} to use. ${'More words. '.repeat(8)}`,
  })
  return {
    name,
    title: `Tool ${name}`,
    description: `Does what ${name} does, at length. ${'It has many details worth reading. '.repeat(6)}`,
    inputSchema: {
      type: 'object',
      properties: {
        project: text('project'),
        query: text('query'),
        format: { type: 'string', enum: ['short', 'long'] },
      },
      required: ['project'],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  }
}
