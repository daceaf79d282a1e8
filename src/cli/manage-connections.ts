import type { Project } from '../config/project.ts'
import { ProjectError } from '../config/project-error.ts'
import type { ConnectionRecord } from '../contracts/storage.ts'
import type { UpstreamSettings } from '../contracts/upstream.ts'
import { isShared, usesKey } from '../credentials/connect/admit-connect.ts'
import { sendProbe } from '../credentials/connect/send-probe.ts'
import { storeKey } from '../credentials/connect/store-key.ts'
import { tryKey } from '../credentials/connect/try-key.ts'
import { connectUrl, loadConnectTickets } from '../credentials/connect-ticket.ts'
import { createConnectionStore, ownerOf, sharedOwner } from '../credentials/connections.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { formatTime, printAnswer } from './command-group.ts'
import { compileDirectory } from './compile-directory.ts'
import { UsageError } from './describe-error.ts'
import { formatTable } from './format-table.ts'
import { type ProjectStore, withStore } from './open-store.ts'
import { readSecret } from './read-secret.ts'
import { nameOperator } from './record-administration.ts'

interface ListOptions {
  readonly subject?: string
  readonly shared?: boolean
  readonly upstream?: string
  readonly tenant?: string
  readonly json?: boolean
}

/** Whose connection an action is about. */
interface OwnerOptions {
  readonly subject?: string
  readonly shared?: boolean
  readonly tenant: string
  readonly json?: boolean
}

const mostListed = 100_000

/** Lists the connections that fit every filter, newest first; never a credential. */
export async function listConnections(directory: string, options: ListOptions): Promise<void> {
  const { tenant, upstream, subject, shared, json } = options
  const owner = shared ? sharedOwner : subject === undefined ? undefined : ownerOf(subject)
  const filter = { tenant, upstream, owner, limit: mostListed }
  const records = await withStore(directory, ({ storage }) => storage.connections.list(filter))
  const text = records.length === 0 ? 'no connections' : formatConnections(records)
  printAnswer(json, records.map(describeConnection), text)
}

/**
 * Removes a connection; a running gateway stops using it within a second. The tokens are not revoked at the upstream: the page of the
 * connections does that.
 */
export async function revokeConnection(upstream: string, directory: string, options: OwnerOptions): Promise<void> {
  const { tenant } = options
  const key = { tenant, upstream, owner: readOwner(options) }
  await withStore(directory, async ({ storage, record }) => {
    if (!(await storage.connections.remove(key)))
      throw new UsageError(
        `there is no such connection to "${upstream}" in tenant ${tenant}. See: sallyport connections list`,
      )
    await record([{ type: 'auth_upstream_disconnected', tenant, subject: options.subject ?? null }])
  })
  printAnswer(options.json, { ...key, revoked: true }, `revoked the connection of ${key.owner} to ${upstream}`)
}

/** Stores a key for a person or for everybody, after it was tried at the upstream. */
export async function setUpstreamKey(upstreamId: string, directory: string, options: OwnerOptions): Promise<void> {
  const { upstream } = await findUpstream(upstreamId, directory)
  const owner = readOwner(options)
  if (!usesKey(upstream))
    throw new UsageError(`"${upstreamId}" is reached with authMode "${upstream.mode}", which stores no key.`)
  if (isShared(upstream) !== (owner === sharedOwner))
    throw new UsageError(
      isShared(upstream)
        ? `"${upstreamId}" has one key for everybody: --shared.`
        : `"${upstreamId}" has a key for each person: --subject.`,
    )
  const text = await readSecret(`Key for ${upstream.displayName}`)
  const { tenant, subject } = options
  const stored = await withStore(directory, async (store) => {
    const connections = await openConnections(store)
    const offered = { upstream, key: { tenant, upstream: upstreamId, owner }, text, subject: nameOperator() }
    const verdict = await storeKey(offered, { connections, tryKey: (at, key) => tryKey(at, key, sendProbe) })
    await connections.close()
    if (verdict instanceof GatewayError) throw new UsageError(`${verdict.message} Nothing was stored.`)
    await store.record([
      { type: 'auth_upstream_connected', tenant, subject: subject ?? null, ...describeUpstream(upstream) },
    ])
    return verdict
  })
  const note = stored === 'accepted' ? '' : '; the upstream could not be asked whether it is valid'
  printAnswer(
    options.json,
    { upstream: upstreamId, tenant, owner, tried: stored === 'accepted' },
    `stored the key${note}`,
  )
}

/** Prints a link with which one person connects the account that serves everybody: ten minutes, once. */
export async function printConnectLink(
  upstreamId: string,
  directory: string,
  options: { readonly tenant: string; readonly url?: string; readonly json?: boolean },
): Promise<void> {
  const { project, upstream } = await findUpstream(upstreamId, directory)
  if (!isShared(upstream))
    throw new UsageError(
      `"${upstreamId}" is connected by each person, at ${addressOf(project, options.url)}/auth/connections`,
    )
  const { tenant } = options
  const ticket = await withStore(directory, async ({ storage, openVault }) => {
    const { vault } = await openVault()
    const tickets = await loadConnectTickets(storage.sealed, vault, Date.now)
    return tickets.create({ tenant, upstream: upstreamId, owner: sharedOwner })
  })
  const publicUrl = options.url?.replace(/\/$/, '') ?? project.publicUrl
  const url = connectUrl({ publicUrl, basePath: project.settings.basePath }, upstreamId, ticket)
  printAnswer(options.json, { url, upstream: upstreamId, tenant }, url)
  if (!options.json)
    process.stderr.write('Open it within ten minutes. It works once, for whoever is signed in; the event names them.\n')
}

function addressOf({ publicUrl, settings }: Project, url: string | undefined): string {
  return (url?.replace(/\/$/, '') ?? publicUrl) + settings.basePath
}

async function openConnections({ storage, openVault }: ProjectStore) {
  const { vault } = await openVault()
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  return createConnectionStore({ connections: storage.connections, vault, clock: Date.now, log })
}

async function findUpstream(id: string, directory: string): Promise<{ project: Project; upstream: UpstreamSettings }> {
  const result = await compileDirectory(directory, 'dev')
  if ('problems' in result) throw new ProjectError(result.problems)
  const { project } = result
  const upstreams = project.routes.flatMap(({ upstream }) => upstream ?? [])
  const upstream = upstreams.find((each) => each.id === id)
  if (upstream === undefined) {
    const known = upstreams.map((each) => each.id).join(', ')
    throw new UsageError(`the project has no upstream "${id}"${known === '' ? '' : `; it has: ${known}`}.`)
  }
  return { project, upstream }
}

function readOwner({ subject, shared }: OwnerOptions): string {
  if ((subject === undefined) === (shared !== true))
    throw new UsageError('say whose connection: --subject <id>, or --shared.')
  return subject === undefined ? sharedOwner : ownerOf(subject)
}

function describeUpstream({ url, mode }: UpstreamSettings) {
  return { upstream: new URL(url).host, credentialMode: mode }
}

function describeConnection(record: ConnectionRecord) {
  const toIso = (time: number | undefined) => (time === undefined ? null : new Date(time).toISOString())
  const { tenant, upstream, owner, kind, state, stateReason, issuer, scopes, connectedBy } = record
  return {
    tenant,
    upstream,
    owner,
    kind,
    state,
    stateReason: stateReason ?? null,
    issuer: issuer ?? null,
    scopes,
    connectedBy,
    connectedAt: toIso(record.createdAtMs),
    tokenExpiresAt: toIso(record.expiresAtMs),
    lastUsedAt: toIso(record.lastUsedAtMs),
  }
}

function formatConnections(records: readonly ConnectionRecord[]): string {
  return formatTable(
    ['UPSTREAM', 'OWNER', 'TENANT', 'STATE', 'SCOPES', 'CONNECTED', 'LAST USED'],
    records.map(({ upstream, owner, tenant, state, scopes, createdAtMs, lastUsedAtMs }) => [
      upstream,
      owner === sharedOwner ? 'everybody' : owner.replace(/^subject:/, ''),
      tenant,
      state === 'connected' ? 'connected' : 'connect again',
      scopes.join(' ') || '–',
      formatTime(createdAtMs),
      formatTime(lastUsedAtMs),
    ]),
  )
}
