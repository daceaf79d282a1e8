import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const source = join(import.meta.dirname, '../../src')

/** Files that seal something into the store, and why `cli/sealed-collections.ts` knows it. */
const sealers: { readonly [path: string]: string } = {
  'audit/load-signing-key.ts': 'auditKeyContext',
  'config/edit/config-history.ts': 'collectConfigVersions',
  'credentials/check-vault-keys.ts': 'canaries stay under their own key',
  'credentials/connect/pending-connects.ts': 'pendingConnectModel',
  'credentials/connections.ts': 'collectConnections',
  'credentials/load-sealer.ts': 'sealerKeyContext',
  'credentials/oauth-client/pin-manual-client.ts': 'collectUpstreamClients',
  'credentials/oauth-client/upstream-client.ts': 'collectUpstreamClients',
  'identity/sign-in-tokens.ts': 'signInTokensModel',
  'oauth/authorization-server/record-payload.ts': 'readClientSecret',
  'oauth/authorization-server/sign-in-states.ts': 'signInStateModel',
  'oauth/authorization-server/signing-keys.ts': 'serverKeysContext',
}

it('everything that the vault seals is wrapped anew by a rotation', () => {
  const found = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .filter((path) => /\bvault\s*\.\s*seal\(/.test(readFileSync(join(source, path), 'utf8')))
  const advice =
    'Who seals into the store adds a collection to src/cli/sealed-collections.ts, a value to test/harness/sealed-store.ts, and a line here: ' +
    'what a rotation does not know is lost when the former key is removed.'
  expect(found.toSorted(), advice).toEqual(Object.keys(sealers))
  const list = readFileSync(join(source, 'cli/sealed-collections.ts'), 'utf8')
  const named = Object.values(sealers).filter((name) => !name.includes(' '))
  expect(named.filter((name) => !list.includes(name))).toEqual([])
})
