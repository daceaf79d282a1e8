import type { IncomingHttpHeaders } from 'node:http'
import { type RunningUpstream, sendJson, startUpstream } from './listen.ts'
import { handshakeResult, plainTool, textResult, toolList } from './mcp-results.ts'

/** An upstream that remembers and returns what it received. */
export interface EchoUpstream extends RunningUpstream {
  /** Every request so far, oldest first. */
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly url: string; readonly body: string }[]
}

/** Starts an upstream whose only tool, `echo`, answers with the headers of the call as JSON. */
export async function startEchoUpstream(): Promise<EchoUpstream> {
  const requests: EchoUpstream['requests'] = []
  const upstream = await startUpstream((message, request, response) => {
    requests.push({ headers: request.headers, url: request.url ?? '', body: JSON.stringify(message) })
    if (message.id === undefined) return response.writeHead(202).end()
    const result =
      handshakeResult(message) ??
      (message.method === 'tools/list' ? toolList([plainTool('echo')]) : textResult(JSON.stringify(request.headers)))
    return sendJson(response, { jsonrpc: '2.0', id: message.id, result })
  })
  return { ...upstream, requests }
}
