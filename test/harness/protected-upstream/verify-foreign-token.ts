import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'
import { request } from 'undici'

interface Metadata {
  readonly issuer: string
  readonly jwks_uri: string
  readonly userinfo_endpoint?: string
}

/** Verifies a JWT of another issuer with the keys that its metadata names; undefined when it does not hold. */
export async function verifyForeignToken(
  token: string,
  issuer: string,
  expected: { readonly audience?: string | undefined; readonly typ?: string },
): Promise<JWTPayload | undefined> {
  const metadata = await fetchMetadata(issuer)
  if (metadata === undefined) return undefined
  const { audience, typ } = expected
  const options = { issuer, ...(audience !== undefined && { audience }), ...(typ !== undefined && { typ }) }
  try {
    return (await jwtVerify(token, createRemoteJWKSet(new URL(metadata.jwks_uri)), options)).payload
  } catch {
    return undefined
  }
}

/** Who an opaque access token of another issuer belongs to, by its userinfo endpoint. */
export async function askUserinfo(token: string, issuer: string): Promise<string | undefined> {
  const endpoint = (await fetchMetadata(issuer))?.userinfo_endpoint
  if (endpoint === undefined) return undefined
  const answer = await request(endpoint, { headers: { authorization: `Bearer ${token}` } })
  if (answer.statusCode !== 200) return undefined
  return ((await answer.body.json()) as { sub?: string }).sub
}

async function fetchMetadata(issuer: string): Promise<Metadata | undefined> {
  for (const place of ['openid-configuration', 'oauth-authorization-server']) {
    const answer = await request(`${issuer}/.well-known/${place}`)
    if (answer.statusCode === 200) return (await answer.body.json()) as Metadata
    await answer.body.dump()
  }
  return undefined
}
