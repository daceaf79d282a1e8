import type { CatalogAuth, CatalogEntry } from '../catalog-entry.ts'
import { EditError } from './edit-error.ts'
import type { UpstreamMode } from './upstream-modes.ts'

/** What is known of an upstream that is to be added: a curated one, or what somebody said of a URL. */
export type UpstreamOffer = Pick<CatalogEntry, 'name' | 'summary' | 'url' | 'auth'>

const modesOfKind = {
  none: ['none'],
  oauth: ['user-oauth', 'shared-oauth'],
  'api-key': ['user-api-key', 'shared-api-key'],
} as const satisfies { [Kind in CatalogAuth['kind']]: readonly UpstreamMode[] }

/** What a project says of the client that it registered by hand, or of the key for all. */
export interface UpstreamAnswers {
  readonly mode: UpstreamMode
  /** Name of the virtual server and id of the upstream. */
  readonly name: string
  /** Variables; the project names them with $env(NAME). */
  readonly clientIdEnv: string
  readonly clientSecretEnv: string
  /** Absent: the key of everybody is stored in the vault. */
  readonly apiKeyEnv?: string | undefined
}

/** Modes that an upstream offers, the recommended one first. */
export function listModes({ auth }: Pick<UpstreamOffer, 'auth'>): readonly UpstreamMode[] {
  return auth.flatMap(({ kind }) => modesOfKind[kind])
}

/** The kind of authentication behind a mode. */
export function kindOfMode(mode: UpstreamMode): CatalogAuth['kind'] {
  if (mode === 'none') return 'none'
  return mode === 'user-oauth' || mode === 'shared-oauth' ? 'oauth' : 'api-key'
}

/** The way to authenticate behind a mode. Throws an `EditError` when the upstream does not offer it. */
export function findAuth(offer: UpstreamOffer, mode: UpstreamMode): CatalogAuth {
  const found = offer.auth.find(({ kind }) => kind === kindOfMode(mode))
  if (found !== undefined) return found
  throw new EditError(`${offer.name} has no mode "${mode}". There are: ${listModes(offer).join(', ')}`)
}

/** An entry of policies.json. */
export interface NewPolicy {
  readonly name: string
  readonly policyType: string
  readonly handler: { readonly module: string; readonly export: string; readonly options: object }
}

/** An entry of policies.json with a policy of the gateway. */
export function newPolicy(name: string, policyType: string, exportName: string, options: object): NewPolicy {
  return { name, policyType, handler: { module: '$import(sallyport)', export: exportName, options } }
}

/** The policy that brings the credential for an upstream; undefined where nothing is presented. */
export function credentialPolicy(offer: UpstreamOffer, answers: UpstreamAnswers): NewPolicy | undefined {
  const auth = findAuth(offer, answers.mode)
  if (auth.kind === 'none') return undefined
  return newPolicy(
    `mcp-token-exchange-${answers.name}`,
    'mcp-token-exchange-inbound',
    'McpTokenExchangeInboundPolicy',
    {
      displayName: offer.name,
      ...(offer.summary !== '' && { summary: offer.summary }),
      authMode: answers.mode,
      ...(auth.kind === 'oauth' ? oauthOptions(auth, answers) : keyOptions(auth, answers)),
    },
  )
}

function oauthOptions(
  auth: CatalogAuth & { kind: 'oauth' },
  { clientIdEnv, clientSecretEnv }: UpstreamAnswers,
): object {
  const { scopes, registration, authorizationServer, protectedResourceMetadataUrl, overrides } = auth
  const client = { mode: 'manual', clientId: `$env(${clientIdEnv})`, clientSecret: `$env(${clientSecretEnv})` }
  return {
    ...(scopes.length > 0 && { scopes }),
    ...(authorizationServer !== undefined && { authorizationServer }),
    ...(protectedResourceMetadataUrl !== undefined && { protectedResourceMetadataUrl }),
    ...(registration === 'manual' && { clientRegistration: client }),
    ...(overrides !== undefined && { overrides }),
  }
}

function keyOptions(auth: CatalogAuth & { kind: 'api-key' }, { mode, apiKeyEnv }: UpstreamAnswers): object {
  const { header, scheme, helpUrl } = auth
  const isShared = mode === 'shared-api-key' && apiKeyEnv !== undefined
  return {
    apiKey: {
      header,
      scheme,
      ...(helpUrl !== undefined && { helpUrl }),
      ...(isShared && { value: `$env(${apiKeyEnv})` }),
    },
  }
}

/** Variables that the policy names. */
export function variablesOf(offer: UpstreamOffer, answers: UpstreamAnswers): readonly string[] {
  const auth = findAuth(offer, answers.mode)
  if (auth.kind === 'oauth' && auth.registration === 'manual') return [answers.clientIdEnv, answers.clientSecretEnv]
  return answers.mode === 'shared-api-key' && answers.apiKeyEnv !== undefined ? [answers.apiKeyEnv] : []
}
