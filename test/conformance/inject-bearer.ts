import { createServer, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A proxy on loopback that adds an access token, for clients that cannot send one. */
export interface BearerInjector {
  /** Origin of the proxy. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Starts a proxy in front of `target` that changes nothing but `Authorization`: Host, Origin and Mcp-* arrive as the client
 * sent them, and when the client hangs up, so does the proxy.
 */
export async function startBearerInjector(target: string, token: string): Promise<BearerInjector> {
  const { hostname, port } = new URL(target)
  const server = createServer((request, response) => {
    const headers = { ...request.headers, authorization: `Bearer ${token}` }
    const options = { hostname, port, method: request.method, path: request.url, headers, agent: false as const }
    const forwarded = sendRequest(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
      answer.once('error', () => response.destroy())
    })
    forwarded.once('error', () => response.destroy())
    response.once('close', () => forwarded.destroy())
    request.pipe(forwarded)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
