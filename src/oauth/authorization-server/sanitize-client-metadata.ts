import { isJsonObject, type JsonObject, stringMember } from '../../lib/json.ts'
import { jwtBearerGrant } from './identity-assertion-grant.ts'
import { checkRedirectUri } from './redirect-uris.ts'

/** Client metadata as the provider may see it, or why it is not acceptable (RFC 7591 §3.2.2). */
export type SanitizedMetadata =
  | { readonly metadata: JsonObject }
  | { readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata'; readonly description: string }

const grantTypes = ['authorization_code', 'refresh_token']
const authMethods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']
const longestName = 200
const mostRedirectUris = 32

/**
 * RFC 7591 §2 lets the server substitute what it does not know; clients in the wild send grant types, scopes and metadata that a
 * strict server refuses. Only what this server acts on is kept. Every client is `native`: that lets loopback, https and
 * private-use redirects of one client coexist, and loopback redirects match on any port (RFC 8252 §7.3).
 */
export function sanitizeClientMetadata(
  input: unknown,
  kind: 'registration' | 'document',
  redirectSchemes?: readonly string[],
): SanitizedMetadata {
  if (!isJsonObject(input))
    return { error: 'invalid_client_metadata', description: 'The metadata must be a JSON object.' }
  const redirectUris = Object.hasOwn(input, 'redirect_uris') ? input['redirect_uris'] : undefined
  const problem = checkRedirectUris(redirectUris, redirectSchemes)
  if (problem !== undefined) return { error: 'invalid_redirect_uri', description: `redirect_uris ${problem}` }
  const metadata: JsonObject = {
    redirect_uris: redirectUris,
    application_type: 'native',
    response_types: ['code'],
    grant_types: selectGrantTypes(input['grant_types'], kind),
    token_endpoint_auth_method: selectAuthMethod(input),
  }
  copyNames(input, metadata)
  if (metadata['token_endpoint_auth_method'] === 'private_key_jwt') copyKeys(input, metadata)
  if (kind === 'document') copyDocumentMembers(input, metadata)
  return { metadata }
}

function checkRedirectUris(uris: unknown, schemes: readonly string[] | undefined): string | undefined {
  if (!Array.isArray(uris) || uris.length === 0) return 'must contain at least one URI'
  if (uris.length > mostRedirectUris) return `must not contain more than ${mostRedirectUris} URIs`
  for (const uri of uris) {
    const problem = checkRedirectUri(uri, schemes)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Identity assertions name their client, and only the URL of a document is a name that an issuer can know. */
function selectGrantTypes(asked: unknown, kind: 'registration' | 'document'): string[] {
  if (!Array.isArray(asked)) return [...grantTypes]
  const known = kind === 'document' ? [...grantTypes, jwtBearerGrant] : grantTypes
  return known.filter((type) => type === 'authorization_code' || asked.includes(type))
}

function selectAuthMethod(input: JsonObject): string {
  const asked = stringMember(input, 'token_endpoint_auth_method')
  return asked !== undefined && authMethods.includes(asked) ? asked : 'none'
}

function copyNames(input: JsonObject, metadata: JsonObject): void {
  // Control and bidirectional characters could make a name on the consent page look like another.
  const name = stringMember(input, 'client_name')
    ?.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .trim()
    .slice(0, longestName)
  if (name) metadata['client_name'] = name
  const uri = stringMember(input, 'client_uri')
  if (uri !== undefined && URL.parse(uri)?.protocol === 'https:') metadata['client_uri'] = uri
}

function copyKeys(input: JsonObject, metadata: JsonObject): void {
  for (const key of ['jwks', 'jwks_uri', 'token_endpoint_auth_signing_alg']) {
    if (Object.hasOwn(input, key)) metadata[key] = input[key]
  }
}

/** Members that the provider itself judges in a Client ID Metadata Document: a wrong id or a shared secret must stay visible. */
function copyDocumentMembers(input: JsonObject, metadata: JsonObject): void {
  for (const key of ['client_id', 'client_secret', 'client_secret_expires_at', 'token_endpoint_auth_method']) {
    if (Object.hasOwn(input, key)) metadata[key] = input[key]
  }
}
