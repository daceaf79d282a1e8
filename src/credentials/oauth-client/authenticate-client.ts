import type * as OAuth from 'oauth4webapi'
import type { ClientAuthentication } from '../../contracts/upstream.ts'

/** Adds what proves the client to a token request (RFC 6749 §2.3.1, RFC 7523 §2.2): to its headers, or to its form. */
export async function authenticateClient(
  client: ClientAuthentication,
  tokenEndpoint: string,
  form: URLSearchParams,
  headers: Headers,
): Promise<void> {
  const library = await import('oauth4webapi')
  const prove = await chooseProof(client, tokenEndpoint, library)
  await prove({ issuer: tokenEndpoint }, { client_id: client.clientId }, form, headers)
}

async function chooseProof(
  client: ClientAuthentication,
  tokenEndpoint: string,
  library: typeof OAuth,
): Promise<OAuth.ClientAuth> {
  switch (client.method) {
    case 'none':
      return library.None()
    case 'client_secret_basic':
      return library.ClientSecretBasic(client.clientSecret.reveal())
    case 'client_secret_post':
      return library.ClientSecretPost(client.clientSecret.reveal())
    case 'private_key_jwt': {
      const { importPKCS8 } = await import('jose')
      const key = await importPKCS8(client.privateKeyPem.reveal(), client.algorithm)
      return library.PrivateKeyJwt(client.keyId === undefined ? { key } : { key, kid: client.keyId }, {
        [library.modifyAssertion]: (_header, payload) => {
          payload['aud'] = client.audience ?? tokenEndpoint
          payload['exp'] = Number(payload['iat']) + client.expiresInSeconds
        },
      })
    }
  }
}

/** How to authenticate with a secret, or without, by what the server's metadata offers (CL-26). */
export function chooseAuthMethod(
  offered: readonly string[] | undefined,
  hasSecret: boolean,
): 'client_secret_basic' | 'client_secret_post' | 'none' {
  if (!hasSecret) return 'none'
  // RFC 8414 §2: without the member, client_secret_basic.
  if (offered === undefined || offered.includes('client_secret_basic')) return 'client_secret_basic'
  return offered.includes('client_secret_post') ? 'client_secret_post' : 'client_secret_basic'
}
