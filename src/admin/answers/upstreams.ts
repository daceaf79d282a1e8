import type { Project, RouteSpec } from '../../config/project.ts'
import { redactSettings } from '../../config/redact-settings.ts'
import type { ConnectionRecord } from '../../contracts/storage.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { sendProbe } from '../../credentials/connect/send-probe.ts'
import { asGatewayError, GatewayError } from '../../errors/gateway-error.ts'
import { limitRequests, type TakeRequest } from '../../http/limit-requests.ts'
import { upstreamName } from '../../lib/upstream-name.ts'
import type { AdminHost } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'
import { readUpstreamHealth } from '../upstream-health.ts'
import { mostListed } from './connections.ts'

/** What the routes of a project call, one entry each, however many routes there are in front of it. */
export interface CalledUpstream {
  readonly id: string
  readonly host: string
  readonly url: string
  readonly settings: UpstreamSettings | undefined
  readonly routes: readonly RouteSpec[]
}

export const upstreamAnswers: AnswersOf<'listUpstreams' | 'getUpstream' | 'probeUpstream'> = {
  async listUpstreams(_input, { host }) {
    const project = host.project()
    const connections = await host.storage.connections.list({ limit: mostListed })
    return {
      items: await Promise.all(listCalledUpstreams(project).map((each) => describe(each, project, connections, host))),
    }
  },
  async getUpstream({ params: { id } }, { host }) {
    const project = host.project()
    const connections = await host.storage.connections.list({ upstream: id, limit: mostListed })
    return describe(findCalled(id, project), project, connections, host)
  },
  async probeUpstream({ params: { id } }, { host, administrator }) {
    const called = findCalled(id, host.project())
    const wait = takeProbe(administrator.subject)
    if (wait > 0) throw new GatewayError('limit_rate_exceeded', { headers: { 'retry-after': String(wait) } })
    return probe(called)
  },
}

const takeProbe: TakeRequest = limitRequests({ perAddress: 30, total: 300, windowSeconds: 600 }, Date.now)

/** Only what the project calls anyway can be asked for, so nobody reaches anything through a probe that a call would not. */
function findCalled(id: string, project: Project): CalledUpstream {
  const found = listCalledUpstreams(project).find((each) => each.id === id)
  if (found === undefined) throw new GatewayError('admin_not_found')
  return found
}

/** What the routes of a project call. */
export function listCalledUpstreams({ routes }: Project): readonly CalledUpstream[] {
  const own = routes.filter(({ handler }) => handler.type.memberRoutes === undefined)
  const byId = Map.groupBy(own, ({ upstream, upstreamUrl }) => upstream?.id ?? upstreamName(upstreamUrl))
  return [...byId].map(([id, of]) => {
    const [first] = of
    const url = first?.upstream?.url ?? first?.upstreamUrl ?? ''
    return { id, url, host: upstreamName(first?.upstreamUrl ?? ''), settings: first?.upstream, routes: of }
  })
}

async function describe(
  { id, host: name, url, settings, routes }: CalledUpstream,
  project: Project,
  connections: readonly ConnectionRecord[],
  host: AdminHost,
) {
  const own = connections.filter(({ upstream }) => settings !== undefined && upstream === id)
  const connected = own.filter(({ state }) => state === 'connected').length
  return {
    id,
    displayName: redactSettings(settings?.displayName ?? name, project) as string,
    summary: redactSettings(settings?.summary ?? null, project) as string | null,
    host: name,
    url: redactSettings(url, project) as string,
    credentialMode: settings?.mode ?? null,
    virtualServers: routes.map(({ operationId }) => operationId),
    connections: { connected, reconsentRequired: own.length - connected },
    health: await readUpstreamHealth(name, host),
  }
}

const message = {
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'sallyport-probe', version: '1' },
  },
}

/** Without a credential, so it says whether somebody is there and not whether calls would work. */
async function probe({ url, settings }: CalledUpstream) {
  if (!URL.canParse(url) || new URL(url).host === '')
    throw new GatewayError('admin_conflict', { message: 'It is a program, which starts with the first call.' })
  const startedAt = performance.now()
  const since = () => Math.round((performance.now() - startedAt) * 10) / 10
  try {
    const status = await sendProbe({ url, clientCertificate: settings?.clientCertificate }, { headers: {}, message })
    return { reachable: true, latencyMs: since(), httpStatus: status, reason: null, asksForSignIn: status === 401 }
  } catch (error) {
    const { reason } = asGatewayError(error)
    return { reachable: false, latencyMs: since(), httpStatus: null, reason, asksForSignIn: false }
  }
}
