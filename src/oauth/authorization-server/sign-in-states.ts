import type { Clock } from '../../contracts/clock.ts'
import type { PendingSignIn } from '../../contracts/identity-provider.ts'
import type { OAuthRecords } from '../../contracts/storage.ts'
import type { SealContext, Vault } from '../../contracts/vault.ts'
import { sha256 } from '../../lib/hash.ts'
import { defaultTenant } from '../../lib/tenant.ts'

/** Model of the records. */
export const signInStateModel = 'SignInState'

/** Sign-ins that are under way at an identity provider, by their `state`. */
export interface SignInStates {
  put(uid: string, pending: PendingSignIn, ttlSeconds: number): Promise<void>
  /** The interaction that a state belongs to; undefined when it is unknown or expired. Does not use it up. */
  findInteraction(state: string): Promise<string | undefined>
  /** Uses a state up: exactly one caller gets what was remembered, and only for the interaction it was begun with. */
  take(uid: string, state: string): Promise<PendingSignIn | undefined>
}

/** States in the records of the authorization server, without the state itself; nonce and verifier are sealed. */
export function createSignInStates(records: OAuthRecords, vault: Vault, clock: Clock): SignInStates {
  async function find(state: string) {
    const record = await records.find(signInStateModel, sha256(state))
    if (record?.uid === undefined || (record.expiresAtMs ?? 0) <= clock()) return undefined
    return { uid: record.uid, idHash: record.idHash, sealed: record.payload }
  }
  return {
    async put(uid, pending, ttlSeconds) {
      const idHash = sha256(pending.state)
      const payload = vault.seal(JSON.stringify(pending), signInStateContext(uid, idHash))
      const expiresAtMs = clock() + ttlSeconds * 1000
      const unset = { grantId: undefined, consumedAtMs: undefined }
      await records.upsert({
        model: signInStateModel,
        tenant: defaultTenant,
        idHash,
        uid,
        payload,
        expiresAtMs,
        ...unset,
      })
    },
    findInteraction: async (state) => (await find(state))?.uid,
    async take(uid, state) {
      const found = await find(state)
      if (found?.uid !== uid) return undefined
      if (!(await records.consume(signInStateModel, found.idHash, clock()))) return undefined
      return JSON.parse(vault.open(found.sealed, signInStateContext(uid, found.idHash))) as PendingSignIn
    },
  }
}

/** What a state is sealed for. */
export function signInStateContext(uid: string, id: string): SealContext {
  return { tenant: defaultTenant, kind: 'sign-in-state', owner: uid, id }
}
