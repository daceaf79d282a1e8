import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose'

/** An issuer of JWTs with its metadata and keys over http on loopback. */
export interface JwtIssuer {
  readonly url: string
  /** Paths that were asked for, oldest first. */
  readonly requests: string[]
  /** The public keys that it publishes; a test may change them. */
  readonly keys: JWK[]
  /** Metadata that replaces or adds members. */
  readonly metadata: { [name: string]: unknown }
  /** While true, every request is answered with 503. */
  down: boolean
  /** Adds a key pair to the published ones; the newest signs. */
  addKey(kid: string, alg?: string): Promise<CryptoKey>
  /** A token with good claims, except for those that are given. Undefined removes one. */
  sign(claims?: Record<string, unknown>, header?: Partial<JWTHeaderParameters>, key?: CryptoKey): Promise<string>
  close(): Promise<void>
}

/** Starts an issuer with one RS256 key `k1`. */
export async function startJwtIssuer(): Promise<JwtIssuer> {
  const requests: string[] = []
  const keys: JWK[] = []
  const metadata: JwtIssuer['metadata'] = {}
  let signing: { key: CryptoKey; kid: string; alg: string } | undefined
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    if (issuer.down) return response.writeHead(503).end()
    const found =
      request.url === '/jwks' ? { keys } : { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks`, ...metadata }
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer: JwtIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    keys,
    metadata,
    down: false,
    addKey: async (kid, alg = 'RS256') => {
      const pair = await generateKeyPair(alg, { extractable: true })
      keys.push({ ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' })
      signing = { key: pair.privateKey, kid, alg }
      return pair.privateKey
    },
    sign: async (claims = {}, header = {}, key) => {
      if (signing === undefined) throw new Error('no key')
      const now = Math.floor(Date.now() / 1000)
      const all = { iss: issuer.url, aud: 'gateway', sub: 'ada', iat: now, exp: now + 300, ...claims }
      const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
      const { kid, alg } = signing
      return new SignJWT(kept).setProtectedHeader({ alg, kid, ...header }).sign(key ?? signing.key)
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  await issuer.addKey('k1')
  return issuer
}
