import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer, maxHeaderSize } from '../lib/node-http.ts'

/** A listening socket. */
export interface Listener {
  /** e.g. `http://127.0.0.1:9000`. */
  readonly url: string
  /** Sets what answers requests; until then they wait. */
  serve(handle: (request: IncomingMessage, response: ServerResponse) => void): void
  /** Takes no new connections, lets running requests end for at most `drainMs`, then closes the rest. */
  close(drainMs: number): Promise<void>
}

/** Listens. Rejects with a sentence that says what to do when the address is taken or not ours; `setting` is what says where. */
export async function listen(
  options: { readonly host: string; readonly port: number },
  setting = 'listen',
): Promise<Listener> {
  const server = createServer(clientServer)
  // Without a listener node drops a request and its client waits for ever.
  const early: [IncomingMessage, ServerResponse][] = []
  const hold = (request: IncomingMessage, response: ServerResponse) => void early.push([request, response])
  server.on('request', hold)
  await bind(server, options, setting)
  return {
    url: urlOf(options.host, (server.address() as AddressInfo).port),
    serve: (handle) => {
      server.off('request', hold)
      server.on('request', handle)
      for (const [request, response] of early.splice(0)) handle(request, response)
    },
    close: (drainMs) => closeServer(server, drainMs),
  }
}

/** A socket that is opened when there is something that answers. */
export interface LateListener extends Omit<Listener, 'serve'> {
  /** Rejects as `listen` does. */
  serve(handle: RequestListener): Promise<void>
}

/** Where one of several processes listens that share a port, which is known. */
export interface SharedAddress {
  readonly host: string
  readonly port: number
  /** Each process has a socket of its own, and the system gives each its part of the connections. Not every system can do that. */
  readonly reusePort: boolean
}

/** Listens beside other processes. One that is not ready would take connections and let them wait, so nothing is opened before `serve`. */
export function listenBeside(address: SharedAddress): LateListener {
  const server = createServer(clientServer)
  return {
    url: urlOf(address.host, address.port),
    serve: (handle) => bind(server.on('request', handle), address, 'listen'),
    close: (drainMs) => closeServer(server, drainMs),
  }
}

/** Longer than the idle time of usual load balancers, so that it is they who close, not we under a request. */
const clientServer = { keepAliveTimeout: 75_000, noDelay: true }

async function bind(
  server: Server,
  { host, port, reusePort = false }: Omit<SharedAddress, 'reusePort'> & { readonly reusePort?: boolean },
  setting: string,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, { host, port }, setting)))
    server.listen({ port, host, reusePort }, resolve)
  })
  server.removeAllListeners('error')
}

/**
 * Listens where only processes of this machine and user can connect: on a Unix-domain socket in a private directory, or a pipe. Connections stay
 * open as long as the others want them.
 */
export async function listenForPeers(socket: string, serve: RequestListener): Promise<Pick<Listener, 'close'>> {
  // Whoever passes a request on adds a header to it.
  const server = createServer({ keepAliveTimeout: 0, maxHeaderSize: 2 * maxHeaderSize }, serve)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, resolve)
  })
  return { close: (drainMs) => closeServer(server, drainMs) }
}

function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

function closeServer(server: Server, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), drainMs)
    // A connection whose last request ends while we wait becomes idle, and its client may keep it open for long.
    const sweep = setInterval(() => server.closeIdleConnections(), 50)
    server.close(() => {
      clearTimeout(deadline)
      clearInterval(sweep)
      resolve()
    })
    server.closeIdleConnections()
  })
}

function explain(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }, setting: string): Error {
  const address = `${host}:${port}`
  if (error.code === 'EADDRINUSE') {
    return new Error(`${address} is in use. Stop what listens there, or set ${setting}.port in sallyport.jsonc.`, {
      cause: error,
    })
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'EACCES') {
    return new Error(
      `Cannot listen on ${address} (${error.code}). Set ${setting}.host and ${setting}.port in sallyport.jsonc.`,
      {
        cause: error,
      },
    )
  }
  return error
}
