import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import type { Clock } from '../contracts/clock.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { CallAuthorizationServer } from '../http/call-authorization-server.ts'
import { isJsonObject, type JsonObject, stringMember } from '../lib/json.ts'

/** Where the public keys of an issuer are. */
export interface RemoteKeySetOptions {
  readonly issuer: string
  /** Without it, `jwks_uri` of the issuer's metadata (OpenID Connect Discovery §4). */
  readonly jwksUrl: string | undefined
  readonly call: CallAuthorizationServer
  readonly timeoutMs: number
  /** How long the keys read last are used while the issuer cannot be reached. Default one hour. */
  readonly staleMs?: number | undefined
  readonly clock: Clock
}

/** Keys are read again when they are this old, at the next token that needs them. */
const maxAgeMs = 10 * 60 * 1000
/** A token that names an unknown key makes the keys be read again, but not more often than this: anybody can name one. */
const floorMs = 30 * 1000
const defaultStaleMs = 60 * 60 * 1000

interface Loaded {
  readonly find: JWTVerifyGetKey
  readonly atMs: number
}

/**
 * Public keys of an issuer, read when first needed. While the issuer cannot be reached, old keys are used for `staleMs`: one that it withdrew
 * meanwhile, because it leaked, must not be good for as long as somebody keeps the issuer from answering.
 */
export function createRemoteKeySet(options: RemoteKeySetOptions): JWTVerifyGetKey {
  const { clock, staleMs = defaultStaleMs } = options
  let loaded: Loaded | undefined
  let triedAtMs = Number.NEGATIVE_INFINITY
  let loading: Promise<Loaded> | undefined

  const load = async (): Promise<Loaded> => {
    triedAtMs = clock()
    const { createLocalJWKSet } = await import('jose')
    loaded = { find: createLocalJWKSet(await fetchKeys(options)), atMs: clock() }
    return loaded
  }
  const refresh = (): Promise<Loaded> => {
    loading ??= load().finally(() => {
      loading = undefined
    })
    return loading
  }
  const unreachable = (why: string) =>
    new GatewayError('identity_provider_unreachable', { detail: `${options.issuer}: ${why}` })
  const mayAsk = () => clock() - triedAtMs >= floorMs
  const current = async (): Promise<Loaded> => {
    if (loaded === undefined) {
      if (loading !== undefined || mayAsk()) return refresh()
      throw unreachable('its keys are not known')
    }
    const known = loaded
    const age = clock() - known.atMs
    const isStale = age >= staleMs
    if (age < Math.min(maxAgeMs, staleMs)) return known
    if (loading !== undefined || mayAsk()) {
      return refresh().catch((error: unknown) => {
        if (isStale) throw error
        return known
      })
    }
    if (isStale && triedAtMs > known.atMs)
      throw unreachable('it could not be reached for too long, so its keys do not count any more')
    return known
  }

  return async (header, token) => {
    const keys = await current()
    try {
      return await keys.find(header, token)
    } catch (error) {
      const { errors } = await import('jose')
      const isUnknownKey = error instanceof errors.JWKSNoMatchingKey
      if (!isUnknownKey || (loading === undefined && !mayAsk())) throw error
      const { find } = await refresh().catch(() => keys)
      return find(header, token)
    }
  }
}

async function fetchKeys(options: RemoteKeySetOptions): Promise<JSONWebKeySet> {
  const url = options.jwksUrl ?? (await discoverKeys(options))
  const document = await fetchObject(url, options)
  if (!Array.isArray(document['keys'])) throw refusal(url, 'it is not a JSON Web Key Set')
  // A symmetric key has no place in a public set; a token "signed" with one is signed by anybody who read it.
  const keys = document['keys'].filter((key) => isJsonObject(key) && key['kty'] !== 'oct')
  return { keys: keys as JSONWebKeySet['keys'] }
}

/** OpenID Connect Discovery §4.3: the issuer in the metadata must be the one that was asked. */
async function discoverKeys(options: RemoteKeySetOptions): Promise<string> {
  const url = `${options.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const metadata = await fetchObject(url, options)
  if (stringMember(metadata, 'issuer') !== options.issuer) throw refusal(url, 'it names another issuer')
  const jwksUrl = stringMember(metadata, 'jwks_uri')
  if (jwksUrl === undefined) throw refusal(url, 'it names no jwks_uri')
  return jwksUrl
}

async function fetchObject(url: string, { call, timeoutMs }: RemoteKeySetOptions): Promise<JsonObject> {
  const headers = { accept: 'application/json' }
  const answer = await call(url, { method: 'GET', headers, body: undefined, timeoutMs })
  if (answer.status !== 200) throw refusal(url, `it answered ${answer.status}`)
  const parsed: unknown = await answer.json().catch(() => undefined)
  if (!isJsonObject(parsed)) throw refusal(url, 'it is not a JSON object')
  return parsed
}

function refusal(url: string, why: string): GatewayError {
  const { host = '', pathname = '' } = URL.parse(url) ?? {}
  return new GatewayError('identity_provider_unreachable', { detail: `${host}${pathname}: ${why}` })
}
