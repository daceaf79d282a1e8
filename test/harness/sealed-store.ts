import { loadAuditKey } from '../../src/audit/load-signing-key.ts'
import { createConfigHistory } from '../../src/config/edit/config-history.ts'
import type { IdentityProvider } from '../../src/contracts/identity-provider.ts'
import type { Storage, UpstreamClientRecord } from '../../src/contracts/storage.ts'
import type { Vault } from '../../src/contracts/vault.ts'
import { createPendingConnects } from '../../src/credentials/connect/pending-connects.ts'
import { createConnectionStore } from '../../src/credentials/connections.ts'
import { loadSealer } from '../../src/credentials/load-sealer.ts'
import { upstreamClientContext } from '../../src/credentials/sealed-connections.ts'
import { createSignInTokens } from '../../src/identity/sign-in-tokens.ts'
import { sha256 } from '../../src/lib/hash.ts'
import { Secret } from '../../src/lib/secret.ts'
import { storeClient } from '../../src/oauth/authorization-server/pre-registered-clients.ts'
import { openClientSecret } from '../../src/oauth/authorization-server/record-payload.ts'
import { createSignInStates } from '../../src/oauth/authorization-server/sign-in-states.ts'
import { loadServerKeys } from '../../src/oauth/authorization-server/signing-keys.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const people = ['ada', 'bob', 'cyd']
const registration: Omit<UpstreamClientRecord, 'sealed'> = {
  tenant: 'default',
  issuer: 'https://as.example',
  redirectUri: 'https://gateway.example/callback',
  clientId: 'gateway',
  expiresAtMs: undefined,
  createdAtMs: 1,
}
const pendingSignIn = { issuer: 'https://idp', clientId: 'gateway', state: 'state-1', nonce: 'n', codeVerifier: 'v' }
const keyOf = (person: string) => ({ tenant: 'default', upstream: 'tracker', owner: `subject:${person}` })
const credentialOf = (person: string) =>
  ({ kind: 'api-key', key: `key of ${person}`, url: 'https://tracker.example/mcp' }) as const

function ownersOf({ oauth, connections }: Storage, vault: Vault) {
  const identityProvider = () => ({ settings: { issuer: 'https://idp' } }) as unknown as IdentityProvider
  return {
    connections: createConnectionStore({ connections, vault, clock: Date.now, log: silent }),
    signIns: createSignInStates(oauth, vault, Date.now),
    tokens: createSignInTokens({ records: oauth, vault, clock: Date.now, log: silent, identityProvider }),
    connects: createPendingConnects<string>(oauth, vault, Date.now),
  }
}

/** One secret, or more, of every kind that the gateway seals. */
export async function seedSecrets(storage: Storage, vault: Vault): Promise<void> {
  const owners = ownersOf(storage, vault)
  await loadServerKeys(storage.sealed, vault)
  await loadSealer(storage.sealed, vault, 'mcp-session')
  await loadAuditKey(storage.sealed, vault)
  for (const person of people) {
    const client = {
      id: `client-${person}`,
      name: person,
      tenant: 'default',
      redirectUris: [],
      servers: ['*'],
      scopes: [],
    }
    await storeClient({ ...client, secret: new Secret(`secret of ${person}`) }, storage.oauth, vault)
    await owners.connections.put(keyOf(person), credentialOf(person), person)
  }
  const inAnHour = Date.now() + 3_600_000
  const times = { idTokenExpiresAtMs: inAnHour, accessTokenExpiresAtMs: inAnHour }
  await owners.tokens.put('ada', undefined, {
    idToken: 'id of ada',
    accessToken: 'a',
    refreshToken: undefined,
    ...times,
  })
  await owners.signIns.put('interaction', pendingSignIn, 600)
  await owners.connects.put('connect-1', {
    upstream: 'tracker',
    tenant: 'default',
    owner: 'subject:ada',
    subject: 'ada',
    browserHash: 'b',
    returnPath: undefined,
    local: undefined,
    virtualServer: undefined,
    authorization: 'verifier',
  })
  const sealed = vault.seal('registration', upstreamClientContext(registration))
  await storage.upstreamClients.putIfAbsent({ ...registration, sealed })
  await historyOf(storage, vault).note({ actor: 'ada', origin: 'console' })
}

/** How many values `seedSecrets` seals, besides those under which the store says which keys it needs. */
export const seededSecrets = 3 + 2 * people.length + 5

/** Opens everything that `seedSecrets` sealed, as its owners do; the answer is the same as long as nothing was lost. */
export async function readSecrets(storage: Storage, vault: Vault): Promise<unknown> {
  const owners = ownersOf(storage, vault)
  const { forms } = await loadServerKeys(storage.sealed, vault)
  const sealer = await loadSealer(storage.sealed, vault, 'mcp-session')
  const auditKey = await loadAuditKey(storage.sealed, vault)
  const clients = people.map(async (person) => {
    const record = await storage.oauth.find('Client', sha256(`client-${person}`))
    if (record === undefined) throw new Error(`there is no client of ${person}`)
    return openClientSecret(JSON.parse(record.payload), record.idHash, vault)
  })
  const connections = people.map(async (person) => (await owners.connections.find(keyOf(person)))?.credential)
  const client = await storage.upstreamClients.find('default', registration.issuer, registration.redirectUri)
  const version = await storage.configVersions.latest()
  return {
    forms,
    auditKey: auditKey.publicKey,
    sealer: sealer.open(sealer.seal('text', 'context'), 'context'),
    clients: await Promise.all(clients),
    connections: await Promise.all(connections),
    tokens: await owners.tokens.find('ada', 'default', 'id_token'),
    connect: await owners.connects.find('connect-1'),
    registration: vault.open(client?.sealed ?? '', upstreamClientContext(registration)),
    signIn: await readSignIn(storage, vault),
    configuration: version && [...(await historyOf(storage, vault).open(version))],
  }
}

/** Of a project without files. */
function historyOf(storage: Storage, vault: Vault) {
  const parts = { versions: storage.configVersions, vault, clock: Date.now }
  return createConfigHistory({ directory: import.meta.dirname, ...parts })
}

/** Read without using it up. */
async function readSignIn(storage: Storage, vault: Vault): Promise<unknown> {
  const signIns = createSignInStates({ ...storage.oauth, consume: async () => true }, vault, Date.now)
  return signIns.take('interaction', pendingSignIn.state)
}
