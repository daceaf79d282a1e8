import type { CatalogAuth, CatalogEntry } from '../config/catalog-entry.ts'
import { UsageError } from './describe-error.ts'

/** How the credential of a curated upstream is obtained: a mode of `mcp-token-exchange-inbound`, or none at all. */
export type AddMode = 'none' | 'user-oauth' | 'shared-oauth' | 'user-api-key' | 'shared-api-key'

const modesOfKind = {
  none: ['none'],
  oauth: ['user-oauth', 'shared-oauth'],
  'api-key': ['user-api-key', 'shared-api-key'],
} as const satisfies { [Kind in CatalogAuth['kind']]: readonly AddMode[] }

/** What a project says of the client that it registered by hand, or of the key for all. */
export interface AddAnswers {
  readonly mode: AddMode
  /** Name of the virtual server and id of the upstream. */
  readonly name: string
  /** Variables; the project names them with $env(NAME). */
  readonly clientIdEnv: string
  readonly clientSecretEnv: string
  /** Absent: the key of everybody is stored in the vault. */
  readonly apiKeyEnv?: string | undefined
}

/** Modes that an entry offers, the recommended one first. */
export function listModes(entry: CatalogEntry): readonly AddMode[] {
  return entry.auth.flatMap(({ kind }) => modesOfKind[kind])
}

/** The way to authenticate behind a mode. Throws a `UsageError` when the upstream does not offer it. */
export function findAuth(entry: CatalogEntry, mode: AddMode): CatalogAuth {
  const found = entry.auth.find(({ kind }) => modesOfKind[kind].some((each) => each === mode))
  if (found !== undefined) return found
  throw new UsageError(`${entry.name} has no mode "${mode}". There are: ${listModes(entry).join(', ')}.`)
}

/** An entry of policies.json. */
export interface CatalogPolicy {
  readonly name: string
  readonly policyType: string
  readonly handler: { readonly module: string; readonly export: string; readonly options: object }
}

/** The policy that reaches a curated upstream; undefined where nothing is presented. */
export function policyOf(entry: CatalogEntry, answers: AddAnswers): CatalogPolicy | undefined {
  const auth = findAuth(entry, answers.mode)
  if (auth.kind === 'none') return undefined
  return {
    name: `mcp-token-exchange-${answers.name}`,
    policyType: 'mcp-token-exchange-inbound',
    handler: {
      module: '$import(sallyport)',
      export: 'McpTokenExchangeInboundPolicy',
      options: {
        displayName: entry.name,
        summary: entry.summary,
        authMode: answers.mode,
        ...(auth.kind === 'oauth' ? oauthOptions(auth, answers) : keyOptions(auth, answers)),
      },
    },
  }
}

function oauthOptions(auth: CatalogAuth & { kind: 'oauth' }, { clientIdEnv, clientSecretEnv }: AddAnswers): object {
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

function keyOptions(auth: CatalogAuth & { kind: 'api-key' }, { mode, apiKeyEnv }: AddAnswers): object {
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
export function variablesOf(entry: CatalogEntry, answers: AddAnswers): readonly string[] {
  const auth = findAuth(entry, answers.mode)
  if (auth.kind === 'oauth' && auth.registration === 'manual') return [answers.clientIdEnv, answers.clientSecretEnv]
  return answers.mode === 'shared-api-key' && answers.apiKeyEnv !== undefined ? [answers.apiKeyEnv] : []
}
