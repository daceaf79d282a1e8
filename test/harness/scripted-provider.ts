import { createSign, generateKeyPairSync } from 'node:crypto'
import type { IdentityProviderSettings } from '../../src/contracts/identity-provider.ts'
import type { CallAuthorizationServer } from '../../src/http/call-authorization-server.ts'
import { createFederatedSignIn } from '../../src/identity/federated-sign-in.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** What a provider that cannot run here would answer. */
export interface ProviderScript {
  /** Answered at `/.well-known/openid-configuration` below any path. */
  readonly metadata: object
  /** Claims of the ID token besides nonce and times. */
  readonly idToken: object
  /** Replaces the header of the ID token. */
  readonly header?: object
  readonly userInfo?: object
}

/** One sign-in at a scripted provider: what `finish` yields, and the requests that were made. */
export async function signInAtScript(settings: IdentityProviderSettings, script: ProviderScript) {
  const requests: { readonly url: string; readonly headers: object; readonly body: string | undefined }[] = []
  let nonce = ''
  const call: CallAuthorizationServer = async (url, { headers, body }) => {
    requests.push({ url, headers, body })
    const { pathname } = new URL(url)
    if (pathname.endsWith('/.well-known/openid-configuration')) return Response.json(script.metadata)
    if (pathname.endsWith('/jwks'))
      return Response.json({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig' }] })
    if (pathname.endsWith('/userinfo')) return Response.json(script.userInfo ?? {})
    return Response.json({ access_token: 'a', token_type: 'Bearer', id_token: sign(script, nonce) })
  }
  const provider = createFederatedSignIn({ settings, call })
  const redirectUri = 'https://gateway.example/oauth/callback'
  const { url, pending } = await provider.begin({ redirectUri, chooseAccount: false })
  nonce = pending.nonce
  const finished = provider.finish(new URL(`${redirectUri}?code=c&state=${pending.state}`), pending)
  return { url, requests, person: finished.then(({ person }) => person) }
}

function sign({ idToken, header }: ProviderScript, nonce: string): string {
  const now = Math.floor(Date.now() / 1000)
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = encode({ alg: 'RS256', kid: 'k', ...header })
  const content = `${head}.${encode({ iat: now, exp: now + 300, nonce, ...idToken })}`
  return `${content}.${createSign('sha256').update(content).sign(privateKey, 'base64url')}`
}
