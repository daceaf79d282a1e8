import type { CredentialSchemes } from '../../contracts/credential-scheme.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { createClientCredentials } from './client-credentials.ts'
import { createConfiguredKey } from './configured-key.ts'
import { type ConnectionParts, ConnectionScheme } from './connection.ts'
import { createIdJag } from './id-jag.ts'
import type { MachineParts } from './machine-parts.ts'
import { presentNothing } from './mtls.ts'
import { createTokenExchange } from './token-exchange.ts'

/** What each mode does. */
export function createSchemes(parts: ConnectionParts & MachineParts): CredentialSchemes {
  return {
    'user-oauth': (upstream) => new ConnectionScheme({ kind: 'oauth', shared: false }, upstream, parts),
    'shared-oauth': (upstream) => new ConnectionScheme({ kind: 'oauth', shared: true }, upstream, parts),
    'user-api-key': (upstream) => new ConnectionScheme({ kind: 'api-key', shared: false }, upstream, parts),
    'shared-api-key': (upstream) =>
      upstream.apiKey?.value
        ? createConfiguredKey(upstream.apiKey.value, upstream.apiKey)
        : new ConnectionScheme({ kind: 'api-key', shared: true }, upstream, parts),
    'client-credentials': (upstream) =>
      createClientCredentials(upstream, settingsOf(upstream, upstream.clientCredentials), parts),
    'token-exchange': (upstream) => createTokenExchange(upstream, settingsOf(upstream, upstream.tokenExchange), parts),
    'id-jag': (upstream) => createIdJag(upstream, settingsOf(upstream, upstream.idJag), parts),
    mtls: () => presentNothing,
  }
}

/** The options of a mode are checked where they are declared. */
function settingsOf<Settings>({ id, mode }: UpstreamSettings, settings: Settings | undefined): Settings {
  if (settings === undefined) throw new Error(`the upstream "${id}" has no settings for ${mode}`)
  return settings
}
