import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An upstream of a test that listens on a free loopback port. */
export interface RunningUpstream {
  readonly url: string
  close(): Promise<void>
}

/** One JSON-RPC message, as upstreams of tests read it. */
export interface UpstreamMessage {
  readonly id?: string | number
  readonly method: string
  readonly params?: { readonly [name: string]: unknown }
}

/** Answers one request whose body was read whole. */
export type Answer = (message: UpstreamMessage, request: IncomingMessage, response: ServerResponse) => void

/** Starts an HTTP server that reads each POST as JSON and hands it to `answer`. */
export async function startUpstream(answer: Answer): Promise<RunningUpstream> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      answer((body === '' ? { method: '' } : JSON.parse(body)) as UpstreamMessage, request, response)
    })
    request.on('error', () => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Answers with JSON. */
export function sendJson(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
