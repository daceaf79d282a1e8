import type { Project } from '../config/project.ts'
import { ProjectError } from '../config/project-error.ts'
import type { UpstreamSettings } from '../contracts/upstream.ts'
import type { Vault } from '../contracts/vault.ts'
import { isShared, usesKey } from '../credentials/connect/admit-connect.ts'
import { callbackUrl } from '../credentials/connect/answer-connect.ts'
import { disconnect } from '../credentials/connect/disconnect.ts'
import { sendProbe } from '../credentials/connect/send-probe.ts'
import { storeKey } from '../credentials/connect/store-key.ts'
import { tryKey } from '../credentials/connect/try-key.ts'
import { connectionsUrl, connectUrl, loadConnectTickets } from '../credentials/connect-ticket.ts'
import { createConnectionStore, ownerOf, sharedOwner } from '../credentials/connections.ts'
import { createUpstreamOAuthClient } from '../credentials/oauth-client/create-oauth-client.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { printAnswer } from './command-group.ts'
import { compileDirectory } from './compile-directory.ts'
import { UsageError } from './describe-error.ts'
import { type ProjectStore, withStore } from './open-store.ts'
import { readSecret } from './read-secret.ts'
import { nameOperator } from './record-administration.ts'

/** Whose connection an action is about. */
interface OwnerOptions {
  readonly subject?: string
  readonly shared?: boolean
  readonly tenant: string
  readonly json?: boolean
}

/** Removes a connection, and revokes its tokens at the upstream where that is possible. A running gateway stops using it within a second. */
export async function revokeConnection(upstreamId: string, directory: string, options: OwnerOptions): Promise<void> {
  const { tenant, subject } = options
  const key = { tenant, upstream: upstreamId, owner: readOwner(options) }
  const result = await compileDirectory(directory, 'dev')
  const project = 'project' in result ? result.project : undefined
  const upstream = project && listUpstreams(project).find(({ id }) => id === upstreamId)
  const outcome = await withStore(directory, async (store) => {
    const { vault } = await store.openVault()
    const { authorization } = createUpstreamOAuthClient({
      mode: 'dev',
      identity: { ...addressOf(project), redirectUri: callbackUrl(addressOf(project)) },
      clients: store.storage.upstreamClients,
      vault,
      clock: Date.now,
    })
    const connections = openConnections(store, vault)
    const done = await disconnect(upstream, key, { connections, authorization })
    await connections.close()
    if (done === undefined)
      throw new UsageError(
        `there is no such connection to "${upstreamId}" in tenant ${tenant}. See: sallyport connections list`,
      )
    const facts = upstream && describeUpstream(upstream)
    await store.record([{ type: 'auth_upstream_disconnected', tenant, subject: subject ?? null, ...facts }])
    return done
  })
  printAnswer(options.json, { ...key, revoked: true, outcome }, `removed the connection to ${upstreamId}: ${outcome}`)
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
    const { vault } = await store.openVault()
    const connections = openConnections(store, vault)
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
  const address = { ...addressOf(project), ...(options.url !== undefined && { publicUrl: readOrigin(options.url) }) }
  if (!isShared(upstream))
    throw new UsageError(`"${upstreamId}" is connected by each person, at ${connectionsUrl(address)}`)
  if (URL.parse(address.publicUrl)?.port === '0')
    throw new UsageError('say where the gateway is reached: --url <origin>.')
  const { tenant } = options
  const ticket = await withStore(directory, async ({ storage, openVault }) => {
    const { vault } = await openVault()
    const tickets = await loadConnectTickets(storage.sealed, vault, Date.now)
    return tickets.create({ tenant, upstream: upstreamId, owner: sharedOwner })
  })
  const url = connectUrl(address, upstreamId, ticket)
  printAnswer(options.json, { url, upstream: upstreamId, tenant }, url)
  if (!options.json)
    process.stderr.write('Open it within ten minutes. It works once, for whoever is signed in; the event names them.\n')
}

function readOrigin(text: string): string {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError('--url must be an http or https origin.')
  return url.origin
}

/** Where the gateway of a project is reached; one that does not compile is only good for removing things. */
function addressOf(project: Project | undefined): { publicUrl: string; basePath: string } {
  return { publicUrl: project?.publicUrl ?? 'http://127.0.0.1', basePath: project?.settings.basePath ?? '' }
}

function openConnections({ storage }: ProjectStore, vault: Vault) {
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  return createConnectionStore({ connections: storage.connections, vault, clock: Date.now, log })
}

function listUpstreams({ routes }: Project): readonly UpstreamSettings[] {
  return routes.flatMap(({ upstream }) => upstream ?? [])
}

async function findUpstream(id: string, directory: string): Promise<{ project: Project; upstream: UpstreamSettings }> {
  const result = await compileDirectory(directory, 'dev')
  if ('problems' in result) throw new ProjectError(result.problems)
  const { project } = result
  const upstreams = listUpstreams(project)
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
