import type { IncomingMessage } from 'node:http'
import type { Peers } from '../contracts/peers.ts'
import type { BrowserSignIn } from '../contracts/upstream-links.ts'
import type { Mount } from '../http/dispatch.ts'
import type { AdminHost } from './admin-host.ts'
import { type AdminListener, openAdminListener } from './admin-listener.ts'
import { signInPath } from './sign-in-path.ts'

/** The console and the admin API of a gateway. */
export interface Admin {
  /** Signs administrators in, at the data plane. */
  readonly mount: Mount
  /** Listens, in the process that leads. Rejects when that is this one and the port is in use. */
  open(): Promise<void>
  /** Stops listening; event streams end. */
  close(): Promise<void>
}

/** Whose browser it is, at the data plane. */
export interface DataPlane {
  readonly signIn: BrowserSignIn
  readonly clientAddressOf: (request: IncomingMessage) => string
}

/** Console and admin API; undefined where `admin.enabled` is false. Next to nothing is loaded before somebody comes. */
export function createAdmin(host: AdminHost, peers: Peers, dataPlane: DataPlane): Admin | undefined {
  if (!host.project().settings.admin.enabled) return undefined
  let listener: AdminListener | undefined
  let loading: Promise<Pick<Mount, 'handle'>> | undefined
  const load = () =>
    (loading ??= import('./sign-in-mount.ts').then((module) => module.createSignInMount({ host, ...dataPlane })))
  return {
    mount: {
      owns: (path) => path === signInPath(host.project().settings.basePath) && host.project().signIn !== undefined,
      handle(request, response, path) {
        load().then(
          (mount) => mount.handle(request, response, path),
          (error: unknown) => {
            host.log.error({ err: error }, 'the sign-in to the console does not start')
            response.writeHead(500).end()
          },
        )
      },
    },
    async open() {
      listener = await openAdminListener(host, peers)
    },
    async close() {
      await listener?.close()
    },
  }
}
