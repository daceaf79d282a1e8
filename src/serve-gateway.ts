import type { EventBuffer } from './analytics/buffer.ts'
import type { RouteSpec } from './config/project.ts'
import type { Worker } from './contracts/peers.ts'
import type { VirtualServerDirectory } from './contracts/virtual-server.ts'
import type { GatewayError } from './errors/gateway-error.ts'
import { checkHost } from './http/check-host.ts'
import { createDispatcher, type DispatchTargets, type Mount } from './http/dispatch.ts'
import { holdAnswers } from './http/hold-answer.ts'
import { type LateListener, type Listener, listenForPeers } from './http/listen.ts'
import { readArrival } from './http/read-arrival.ts'
import type { AuthorizationServer } from './oauth/authorization-server/create-authorization-server.ts'
import { createResourceMetadataMount } from './oauth/resource-server/protected-resource-metadata.ts'
import { recordRefusal } from './pipeline/record-exchange.ts'
import type { Snapshots } from './pipeline/snapshots.ts'

/** What answers besides the routes. */
export interface ServedParts {
  readonly worker: Worker | undefined
  readonly authorizationServer: AuthorizationServer
  readonly connectionPages: Mount
  readonly virtualServers: VirtualServerDirectory
  readonly recorder: EventBuffer
  readonly mounts: readonly Mount[]
}

/** Starts to answer requests; returns how to stop: new ones are refused, running ones get their drain time. */
export async function serveGateway(
  listener: Listener | LateListener,
  snapshots: Snapshots,
  { worker, authorizationServer, connectionPages, virtualServers, recorder, mounts }: ServedParts,
): Promise<() => Promise<void>> {
  let stopping = false
  // A virtual server that nobody signs in to must not send clients to the authorization server.
  const signedInTo = ({ inbound, virtualServer, internal }: RouteSpec) =>
    !internal && inbound.some(({ type }) => type.signInSettings !== undefined) ? (virtualServer ?? []) : []
  const list = () => snapshots.project.routes.flatMap(signedInTo)
  const signsIn = () => snapshots.project.signIn !== undefined
  const resourceMetadata = createResourceMetadataMount({ ...virtualServers, list })
  const isStopping = () => stopping
  const onRefused = (error: GatewayError, requestId: string) => recordRefusal(error, requestId, recorder)
  const isDurable = snapshots.project.settings.events.durable
  const dispatchTo = (targets: DispatchTargets) => {
    const dispatch = createDispatcher(targets)
    return isDurable ? holdAnswers(dispatch, () => recorder.commit()) : dispatch
  }
  const arrivals = worker && (await serveArrivals(worker, snapshots, dispatchTo, { isStopping, onRefused }))
  await listener.serve(
    dispatchTo({
      isStopping,
      serveRoute: (request, response, path, search) => snapshots.current.serve(request, response, path, search),
      mounts: [
        ...mounts,
        { ...connectionPages, owns: (path) => signsIn() && connectionPages.owns(path) },
        { ...resourceMetadata, owns: (path) => signsIn() && resourceMetadata.owns(path) },
        {
          owns: (path) => signsIn() && authorizationServer.owns(path),
          handle: (request, response) => {
            const clientAddress = snapshots.current.clientAddressOf(request)
            authorizationServer.handle(request, response, { clientAddress })
          },
        },
      ],
      admit: (request) => checkHost(request.headers, snapshots.current.host.allowedHosts),
      onRefused,
    }),
  )
  return async () => {
    stopping = true
    const { drainMs } = snapshots
    await Promise.all([listener.close(drainMs), arrivals?.close(drainMs), snapshots.retire()])
  }
}

/** Answers what other processes of the gateway pass on. */
function serveArrivals(
  worker: Worker,
  snapshots: Snapshots,
  dispatchTo: (targets: DispatchTargets) => ReturnType<typeof createDispatcher>,
  targets: Pick<DispatchTargets, 'isStopping' | 'onRefused'>,
) {
  const dispatch = dispatchTo({
    ...targets,
    serveRoute(request, response, path, search) {
      const arrival = readArrival(request, worker.secret)
      return arrival !== undefined && snapshots.current.serve(request, response, path, search, arrival)
    },
    mounts: [],
    admit: () => undefined,
  })
  return listenForPeers(worker.socket, dispatch)
}
