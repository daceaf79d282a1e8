import { auditKeyContext } from '../audit/load-signing-key.ts'
import { collectConfigVersions } from '../config/edit/config-history.ts'
import type { OAuthRecord, Storage } from '../contracts/storage.ts'
import type { SealedCollection } from '../contracts/vault.ts'
import { isCanary } from '../credentials/check-vault-keys.ts'
import { pendingConnectContext, pendingConnectModel } from '../credentials/connect/pending-connects.ts'
import { wrappedKeysName } from '../credentials/key-providers/wrapped-keys.ts'
import { sealerKeyContext } from '../credentials/load-sealer.ts'
import { isRotationLease } from '../credentials/rotate-vault.ts'
import { collectConnections, collectUpstreamClients } from '../credentials/sealed-connections.ts'
import { signInTokensContext, signInTokensModel } from '../identity/sign-in-tokens.ts'
import { readClientSecret } from '../oauth/authorization-server/record-payload.ts'
import { signInStateContext, signInStateModel } from '../oauth/authorization-server/sign-in-states.ts'
import { serverKeysContext } from '../oauth/authorization-server/signing-keys.ts'
import { collectRecords, collectValues, type SealedPart } from '../storage/collect-sealed.ts'

/**
 * Everything in the store that the vault sealed. Who seals something new adds it here: what is missing would not open any more after a
 * former vault key was removed (`test/architecture` compares this list with the places that seal).
 */
export function listSealedCollections(storage: Storage): readonly SealedCollection[] {
  const { oauth } = storage
  return [
    collectValues(
      storage.sealed,
      (name) => serverKeysContext(name) ?? auditKeyContext(name) ?? sealerKeyContext(name),
      isNoSecret,
    ),
    collectRecords(oauth, 'Client', 'client secrets', readClientSecret),
    collectRecords(oauth, signInStateModel, 'sign-ins under way', sealedWhole(signInStateOf)),
    collectRecords(
      oauth,
      signInTokensModel,
      'tokens of sign-ins',
      sealedWhole(({ idHash }) => signInTokensContext(idHash)),
    ),
    collectRecords(
      oauth,
      pendingConnectModel,
      'connects under way',
      sealedWhole(({ idHash }) => pendingConnectContext(idHash)),
    ),
    collectConnections(storage.connections),
    collectUpstreamClients(storage.upstreamClients),
    collectConfigVersions(storage.configVersions),
  ]
}

function isNoSecret(name: string): boolean {
  return isCanary(name) || isRotationLease(name) || name === wrappedKeysName
}

/** For records whose payload is one sealed text. */
function sealedWhole(contextOf: (record: OAuthRecord) => SealedPart['context']) {
  return (record: OAuthRecord): SealedPart => ({
    sealed: record.payload,
    context: contextOf(record),
    payloadWith: (sealed) => sealed,
  })
}

function signInStateOf({ uid, idHash }: OAuthRecord) {
  return signInStateContext(uid ?? '', idHash)
}
