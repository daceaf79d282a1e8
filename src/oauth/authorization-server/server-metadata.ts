import type { VirtualServerDirectory } from '../../contracts/virtual-server.ts'
import { jwtBearerGrant } from './identity-assertion-grant.ts'
import { knownScopes } from './sanitize-authorize-request.ts'

/** What the metadata of the authorization server depends on. */
export interface ServerMetadataOptions {
  readonly publicUrl: string
  readonly basePath: string
  readonly virtualServers: VirtualServerDirectory
  readonly cimdEnabled: boolean
  /** Some pre-registered client may ask for tokens on its own behalf. */
  readonly clientCredentials: boolean
  /** Identity assertions of some issuer are exchanged. */
  readonly identityAssertions: boolean
}

/**
 * Authorization server metadata (RFC 8414 §2), also answered at the OpenID location for clients that look only there.
 * Written by hand: everything in it is something this server does, and nothing else is advertised.
 */
export function renderServerMetadata(options: ServerMetadataOptions): object {
  const { publicUrl, basePath } = options
  const endpoint = (name: string) => `${publicUrl}${basePath}/oauth/${name}`
  return {
    issuer: publicUrl,
    authorization_endpoint: endpoint('authorize'),
    token_endpoint: endpoint('token'),
    registration_endpoint: endpoint('register'),
    revocation_endpoint: endpoint('revoke'),
    jwks_uri: endpoint('jwks'),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      ...(options.clientCredentials ? ['client_credentials'] : []),
      ...(options.identityAssertions ? [jwtBearerGrant] : []),
    ],
    ...(options.identityAssertions && {
      authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'],
    }),
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['ES256', 'RS256', 'PS256', 'EdDSA'],
    revocation_endpoint_auth_methods_supported: [
      'none',
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
    ],
    // ChatGPT and others ask for a refresh token only where offline_access is advertised; it is accepted and changes nothing.
    scopes_supported: [...knownScopes(undefined, options.virtualServers), 'offline_access'],
    client_id_metadata_document_supported: options.cimdEnabled,
    authorization_response_iss_parameter_supported: true,
    // Required by OpenID Connect Discovery §3; no ID tokens are issued.
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  }
}
