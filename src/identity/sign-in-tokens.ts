import type { Clock } from '../contracts/clock.ts'
import type { IdentityProvider } from '../contracts/identity-provider.ts'
import type { Logger } from '../contracts/logger.ts'
import type { SignInTokenStore, SignInTokens } from '../contracts/sign-in-tokens.ts'
import type { OAuthRecords } from '../contracts/storage.ts'
import type { SealContext, Vault } from '../contracts/vault.ts'
import { sha256 } from '../lib/hash.ts'
import { defaultTenant } from '../lib/tenant.ts'
import { nameProvider } from './known-subjects.ts'

/** What keeping the tokens of sign-ins needs. */
export interface SignInTokensOptions {
  readonly records: OAuthRecords
  readonly vault: Vault
  readonly clock: Clock
  readonly log: Logger
  /** Where people sign in now. */
  readonly identityProvider: () => IdentityProvider | undefined
}

interface StoredTokens extends SignInTokens {
  /** Issuer that they were received from: they are of no use, and no business, of another. */
  readonly provider: string
  /** What they say of the person is said for this tenant only. */
  readonly claimedTenant?: string | undefined
}

/** Model of the records. */
export const signInTokensModel = 'SignInTokens'
/** A token is handed out with at least this much time left. */
const marginMs = 60_000
/** Refresh tokens say nothing of their end; nobody's sign-in counts for longer. */
const keptMs = 30 * 24 * 60 * 60 * 1000

/** Tokens in the records of the authorization server, sealed. */
export function createSignInTokens(options: SignInTokensOptions): SignInTokenStore {
  const { records, vault, clock, log, identityProvider } = options
  /** By the ID token that is renewed: that of a later sign-in is another's business. */
  const refreshing = new Map<string, Promise<SignInTokens | undefined>>()

  async function read(subject: string): Promise<StoredTokens | undefined> {
    const record = await records.find(signInTokensModel, sha256(subject))
    if (record === undefined || (record.expiresAtMs ?? 0) <= clock()) return undefined
    return JSON.parse(vault.open(record.payload, signInTokensContext(sha256(subject)))) as StoredTokens
  }

  async function write(subject: string, stored: StoredTokens): Promise<void> {
    const { idTokenExpiresAtMs, refreshToken } = stored
    await records.upsert({
      model: signInTokensModel,
      tenant: defaultTenant,
      idHash: sha256(subject),
      grantId: undefined,
      uid: undefined,
      payload: vault.seal(JSON.stringify(stored), signInTokensContext(sha256(subject))),
      expiresAtMs: refreshToken === undefined ? idTokenExpiresAtMs : clock() + keptMs,
      consumedAtMs: undefined,
    })
  }

  async function refresh(subject: string, stored: StoredTokens): Promise<SignInTokens | undefined> {
    const provider = identityProvider()
    if (stored.refreshToken === undefined || provider === undefined) return undefined
    try {
      const tokens = await provider.refresh(stored.refreshToken)
      const present = await read(subject)
      // A sign-in meanwhile, perhaps to another tenant, is the later word.
      if (present?.idToken === stored.idToken) await write(subject, { ...stored, ...tokens })
      return tokens
    } catch (error) {
      // Another process may have used a refresh token that counts once.
      const present = await read(subject)
      const isAnother = present !== undefined && present.idToken !== stored.idToken
      if (isAnother && present.provider === stored.provider && present.claimedTenant === stored.claimedTenant)
        return present
      log.warn({ err: error }, 'the tokens of a sign-in could not be renewed')
      return undefined
    }
  }

  return {
    async put(subject, claimedTenant, tokens) {
      const provider = identityProvider()
      if (provider === undefined) return
      await write(subject, { ...tokens, provider: nameProvider(provider.settings), claimedTenant })
    },
    async find(subject, tenant, kind) {
      const provider = identityProvider()
      const stored = await read(subject)
      if (provider === undefined || stored?.provider !== nameProvider(provider.settings)) return undefined
      if (stored.claimedTenant !== undefined && stored.claimedTenant !== tenant) return undefined
      if (expiryOf(stored, kind) - clock() > marginMs) return tokenOf(stored, kind)
      const { idToken } = stored
      const running = refreshing.get(idToken) ?? refresh(subject, stored).finally(() => refreshing.delete(idToken))
      refreshing.set(idToken, running)
      const renewed = await running
      return renewed && tokenOf(renewed, kind)
    },
  }
}

function tokenOf({ idToken, accessToken }: SignInTokens, kind: 'id_token' | 'access_token'): string {
  return kind === 'id_token' ? idToken : accessToken
}

/** Whose end is unknown counts as long as the ID token that came with it. */
function expiryOf({ idTokenExpiresAtMs, accessTokenExpiresAtMs }: SignInTokens, kind: 'id_token' | 'access_token') {
  return kind === 'id_token' ? idTokenExpiresAtMs : (accessTokenExpiresAtMs ?? idTokenExpiresAtMs)
}

/** From the hash of the subject alone, which the record has: its key is wrapped anew without the person being there. */
export function signInTokensContext(idHash: string): SealContext {
  return { tenant: defaultTenant, kind: 'sign-in-tokens', owner: idHash, id: idHash }
}
