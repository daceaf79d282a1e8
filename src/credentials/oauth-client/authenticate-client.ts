import type { ClientAuthentication } from '../../contracts/upstream.ts'
import { randomId } from '../../lib/random-id.ts'

/** What proves a client in a token request: headers, and parameters of the form. */
export interface ClientProof {
  readonly headers: { readonly [name: string]: string }
  readonly parameters: { readonly [name: string]: string }
}

/** Proves the client to a token endpoint (RFC 6749 §2.3.1, RFC 7523 §2.2). Rejects for a private key that is none. */
export async function authenticateClient(client: ClientAuthentication, tokenEndpoint: string): Promise<ClientProof> {
  const { clientId } = client
  switch (client.method) {
    case 'none':
      return { headers: {}, parameters: { client_id: clientId } }
    case 'client_secret_post':
      return { headers: {}, parameters: { client_id: clientId, client_secret: client.clientSecret.reveal() } }
    case 'client_secret_basic':
      return { headers: { authorization: encodeBasic(clientId, client.clientSecret.reveal()) }, parameters: {} }
    case 'private_key_jwt':
      return { headers: {}, parameters: { client_id: clientId, ...(await makeAssertion(client, tokenEndpoint)) } }
  }
}

/**
 * Both parts are encoded before they are joined. Hyphen, dot, underscore and tilde stay: they may, and servers that forget to decode then
 * know nearly every client all the same.
 */
function encodeBasic(clientId: string, clientSecret: string): string {
  const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}

async function makeAssertion(
  client: Extract<ClientAuthentication, { method: 'private_key_jwt' }>,
  tokenEndpoint: string,
): Promise<ClientProof['parameters']> {
  const { clientId, privateKeyPem, algorithm, keyId, audience, expiresInSeconds } = client
  const { importPKCS8, SignJWT } = await import('jose')
  const issuedAt = Math.floor(Date.now() / 1000)
  const assertion = new SignJWT({ jti: randomId() })
    .setProtectedHeader(keyId === undefined ? { alg: algorithm } : { alg: algorithm, kid: keyId })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(audience ?? tokenEndpoint)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + expiresInSeconds)
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertion.sign(await importPKCS8(privateKeyPem.reveal(), algorithm)),
  }
}

/** How to authenticate with a secret, or without, by what the metadata of the server offers (RFC 8414 §2). */
export function chooseAuthMethod(
  offered: readonly string[] | undefined,
  hasSecret: boolean,
): 'client_secret_basic' | 'client_secret_post' | 'none' {
  if (!hasSecret) return 'none'
  // Without the member, client_secret_basic.
  if (offered === undefined || offered.includes('client_secret_basic')) return 'client_secret_basic'
  return offered.includes('client_secret_post') ? 'client_secret_post' : 'client_secret_basic'
}
