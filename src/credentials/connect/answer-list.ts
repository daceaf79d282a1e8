import type { ConnectionRecord } from '../../contracts/storage.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import type { BrowserPerson } from '../../contracts/upstream-links.ts'
import { type ReasonCode, reasons } from '../../errors/reasons.ts'
import { type ConnectionEntry, renderConnectionsPage } from '../../oauth/pages/connections-page.ts'
import { ownerOf, sharedOwner } from '../connections.ts'
import { isConnectable, isShared, usesKey } from './admit-connect.ts'
import type { ConnectHost, PageAnswer, PersonalVisit } from './connect-host.ts'
import { listPath, upstreamPath } from './connection-paths.ts'
import { describeState } from './describe-state.ts'
import { listTenants, mayActIn } from './tenants.ts'

/** Connections of one person to one upstream, in all tenants, that are looked at. */
const mostTenants = 1000

/** What a person is told on the list about what just happened to one upstream. */
export type Notice = 'connected' | 'disconnected' | 'untried'

/** Path of the list with a notice about one upstream. */
export function noticePath(basePath: string, upstream: string, notice: Notice): string {
  return `${listPath(basePath)}?${new URLSearchParams({ upstream, notice }).toString()}`
}

/** All upstreams of the project that somebody connects, and how this person's connections are. */
export async function answerList(visit: PersonalVisit, host: ConnectHost): Promise<PageAnswer> {
  const { person, query } = visit
  const upstreams = host.upstreams.list().filter(isConnectable)
  const entries = (await Promise.all(upstreams.map(async (each) => listEntries(each, person, host)))).flat()
  const page = renderConnectionsPage({
    person: person.name,
    entries: entries.sort((left, right) => left.displayName.localeCompare(right.displayName)),
    notice: describeNotice(query, host),
    signOutPath: `${host.basePath}/oauth/sign-out`,
  })
  return { page, status: 200 }
}

/** One entry for each tenant in which the person reaches the upstream, or has connected it: one for most. */
async function listEntries(
  upstream: UpstreamSettings,
  person: BrowserPerson,
  host: ConnectHost,
): Promise<readonly ConnectionEntry[]> {
  const owner = isShared(upstream) ? sharedOwner : ownerOf(person.subject)
  const records = await host.connections.list({ upstream: upstream.id, owner, limit: mostTenants })
  const tenants = new Set(listTenants(person, upstream.id, host.upstreams))
  for (const { tenant } of isShared(upstream) ? [] : records)
    if (mayActIn(tenant, person, upstream.id, host.upstreams)) tenants.add(tenant)
  return [...tenants].map((tenant) => {
    const record = records.find((each) => each.tenant === tenant)
    return describeEntry(upstream, record, { tenant, isOne: tenants.size === 1 }, host)
  })
}

function describeEntry(
  upstream: UpstreamSettings,
  record: ConnectionRecord | undefined,
  { tenant, isOne }: { readonly tenant: string; readonly isOne: boolean },
  { basePath }: ConnectHost,
): ConnectionEntry {
  const { id, displayName, summary } = upstream
  const shared = isShared(upstream)
  const state = describeState(upstream, record)
  const asked = isOne ? {} : { tenant }
  return {
    id: `${id}-${tenant}`,
    displayName: isOne ? displayName : `${displayName} (${tenant})`,
    summary,
    state,
    trouble: describeTrouble(record),
    account: describeAccount(upstream, record),
    scopes: record?.scopes ?? [],
    connectedAtMs: record?.createdAtMs,
    lastUsedAtMs: record?.lastUsedAtMs,
    connectLabel: labelOf(upstream, record),
    connectPath: shared ? undefined : upstreamPath(basePath, id, usesKey(upstream) ? 'key' : 'connect', asked),
    disconnectPath: shared || record === undefined ? undefined : upstreamPath(basePath, id, 'disconnect', asked),
  }
}

function describeTrouble(record: ConnectionRecord | undefined): ConnectionEntry['trouble'] {
  if (record?.state !== 'reconsent_required') return undefined
  const reason = record.stateReason ?? 'connection_reconsent_required'
  const known = Object.hasOwn(reasons, reason) ? (reason as ReasonCode) : 'connection_reconsent_required'
  return { message: reasons[known].message, reason: known }
}

function describeAccount({ mode }: UpstreamSettings, record: ConnectionRecord | undefined): string {
  const issuer = record?.issuer === undefined ? undefined : URL.parse(record.issuer)?.host
  const at = issuer === undefined ? '' : `, signed in at ${issuer}`
  switch (mode) {
    case 'shared-oauth':
      return `one account for everybody${at}`
    case 'shared-api-key':
      return 'one key for everybody'
    case 'user-api-key':
      return 'a key of your own'
    default:
      return `your own account${at}`
  }
}

function labelOf(upstream: UpstreamSettings, record: ConnectionRecord | undefined): string {
  if (usesKey(upstream)) return record === undefined ? 'Store key' : 'Replace key'
  return record === undefined ? 'Connect' : 'Reconnect'
}

/** The query only chooses among these sentences, about an upstream of the project. */
function describeNotice(query: URLSearchParams, { upstreams }: ConnectHost): string | undefined {
  const name = upstreams.find(query.get('upstream') ?? '')?.displayName
  if (name === undefined) return undefined
  switch (query.get('notice')) {
    case 'connected':
      return `${name} is connected. You may close this page, go back to your application and try again.`
    case 'disconnected':
      return `${name} is disconnected.`
    case 'untried':
      return `The key for ${name} is stored, but ${name} could not be asked whether it is valid.`
    default:
      return undefined
  }
}
