import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Peers } from '../contracts/peers.ts'
import { type Listener, listen } from '../http/listen.ts'
import { randomId } from '../lib/random-id.ts'
import { describeAddress } from './admin-address.ts'
import type { AdminHost } from './admin-host.ts'
import { announceOrigin } from './admin-origin.ts'
import { answerProbe, isProbe } from './answer-probe.ts'

/** The listener of the console, the admin API, health and metrics. */
export interface AdminListener {
  /** Ends event streams, lets running calls end, and stops listening. */
  close(): Promise<void>
}

const drainMs = 1_000
const portsToTry = 20

/**
 * Listens where `admin.listen` says, in the process that leads; rejects when that is this one and the port is in use. In `dev` the next free
 * one is taken.
 */
export async function openAdminListener(host: AdminHost, peers: Peers): Promise<AdminListener> {
  const isFirst = peers.isLeader
  let starting: Promise<AdminListener> | undefined
  const stop = peers.onLeader(() => {
    starting = startListener(host)
    starting.catch((error: unknown) => {
      if (!isFirst) host.log.error({ err: error }, 'the admin listener does not start')
    })
    return async () => (await starting?.catch(() => undefined))?.close()
  })
  if (isFirst) await starting
  return { close: async () => stop() }
}

async function startListener(host: AdminHost): Promise<AdminListener> {
  const { listen: wanted, publicUrl } = host.project().settings.admin
  const listener = await listenNear(wanted, host)
  const address = describeAddress(listener.url, wanted.host, publicUrl)
  const ended = new AbortController()
  let serving: Promise<(request: IncomingMessage, response: ServerResponse) => void> | undefined
  listener.serve((request, response) => {
    if (isProbe(request)) {
      answerProbe(request, response, address, host)
      return
    }
    // Most gateways are seldom looked at: what is only needed for that is loaded then.
    serving ??= import('./serve-admin.ts').then((module) => module.createAdminServer(host, address, ended.signal))
    serving.then(
      (serve) => serve(request, response),
      (error: unknown) => {
        host.log.error({ err: error }, 'the console does not start')
        response.writeHead(500, { 'x-request-id': randomId() }).end()
      },
    )
  })
  await announceOrigin(address.origin, host.storage)
  return {
    async close() {
      ended.abort()
      await listener.close(drainMs)
    },
  }
}

async function listenNear(
  wanted: { readonly host: string; readonly port: number },
  host: AdminHost,
): Promise<Listener> {
  for (let port = wanted.port; ; port++) {
    try {
      // After as many that are taken, any.
      const tried = port - wanted.port < portsToTry && port <= 65_535 ? port : 0
      const listener = await listen({ host: wanted.host, port: tried }, 'admin.listen')
      if (tried !== wanted.port)
        host.log.warn({}, `admin.listen.port ${wanted.port} is in use; the console is at ${listener.url}`)
      return listener
    } catch (error) {
      const isTaken =
        error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE'
      if (host.project().mode !== 'dev' || !isTaken || wanted.port === 0) throw error
    }
  }
}
