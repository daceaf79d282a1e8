import { generateKeyPairSync } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  registerClient,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { completeSignIn } from '../harness/browser-login.ts'
import { type Attack, expectRefusal, sendForm, sendRaw } from '../harness/refusal.ts'

let running: RunningAuthorizationServer
let endpoint: string
/** A public client, and a confidential one with its secret. */
let open: string
let confidential: { readonly id: string; readonly secret: string }
beforeAll(async () => {
  running = await startAuthorizationServer()
  endpoint = `${running.url}/oauth/token`
  open = String((await registerClient(running.url)).body['client_id'])
  confidential = await registerConfidential()
})
afterAll(() => running.close())

async function registerConfidential() {
  const { body } = await registerClient(running.url, { token_endpoint_auth_method: 'client_secret_basic' })
  return { id: String(body['client_id']), secret: String(body['client_secret']) }
}

/** A form that redeems a fresh code of the client: it succeeds unless the attack changes it. */
async function redeemable(clientId: string): Promise<URLSearchParams> {
  const asked = buildAuthorization(running.url, clientId)
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  return new URLSearchParams({
    grant_type: 'authorization_code',
    code: redirect.searchParams.get('code') ?? '',
    redirect_uri: asked.redirectUri,
    client_id: clientId,
    code_verifier: asked.verifier,
  })
}

/** Of a client that signs: nobody kept the private part. */
const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })

const basic = (id: string, secret: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` })
const invalid = { status: 400, error: 'invalid_request', reason: 'grant_request_invalid' } as const
const unsupported = { status: 400, error: 'unsupported_grant_type', reason: 'grant_request_invalid' } as const
const unauthenticated = { status: 401, error: 'invalid_client', reason: 'client_unauthenticated' } as const
const wrongMethod = { status: 405, error: 'invalid_request', reason: 'method_not_allowed' } as const

const attacks: readonly Attack[] = [
  {
    name: 'method confusion: the code in the URL of a GET',
    attempt: async () => sendRaw(`${endpoint}?${(await redeemable(open)).toString()}`),
    refusal: wrongMethod,
  },
  {
    name: 'method confusion: PUT',
    attempt: async () => sendRaw(endpoint, { method: 'PUT', body: (await redeemable(open)).toString() }),
    refusal: wrongMethod,
  },
  {
    name: 'method confusion: GET that claims to be POST',
    attempt: async () =>
      sendRaw(`${endpoint}?${(await redeemable(open)).toString()}`, { headers: { 'x-http-method-override': 'POST' } }),
    refusal: wrongMethod,
  },
  {
    name: 'parameters in the query of a POST, where logs keep them',
    attempt: async () => sendForm(`${endpoint}?${(await redeemable(open)).toString()}`, ''),
    refusal: invalid,
  },
  {
    name: 'JSON instead of a form',
    attempt: async () =>
      sendRaw(endpoint, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(Object.fromEntries(await redeemable(open))),
      }),
    refusal: invalid,
  },
  {
    name: 'a form that calls itself text, as pages of other sites can send it',
    attempt: async () => sendForm(endpoint, (await redeemable(open)).toString(), { 'content-type': 'text/plain' }),
    refusal: invalid,
  },
  {
    name: 'a form inside multipart',
    attempt: async () =>
      sendForm(endpoint, `--x\r\n\r\n${(await redeemable(open)).toString()}\r\n--x--`, {
        'content-type': 'multipart/form-data; boundary=x',
      }),
    refusal: invalid,
  },
  {
    name: 'a compressed form that other parsers would read differently',
    attempt: async () =>
      sendRaw(endpoint, {
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' },
        body: gzipSync((await redeemable(open)).toString()),
      }),
    refusal: invalid,
  },
  {
    name: 'a form larger than any real one',
    attempt: async () => sendForm(endpoint, `${(await redeemable(open)).toString()}&x=${'x'.repeat(70_000)}`),
    refusal: { status: 413, error: 'invalid_request', reason: 'limit_body_exceeded' },
  },
  ...['grant_type=refresh_token', 'code=another', 'client_id=another', `code_verifier=${'a'.repeat(43)}`].map(
    (second): Attack => ({
      name: `parameter pollution: a second ${second.split('=')[0]}`,
      attempt: async () => sendForm(endpoint, `${(await redeemable(open)).toString()}&${second}`),
      refusal: invalid,
    }),
  ),
  ...[
    'password',
    'implicit',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'Authorization_Code',
    'constructor',
  ].map(
    (grantType): Attack => ({
      name: `a grant that is not offered: ${grantType}`,
      attempt: async () => {
        const form = await redeemable(open)
        form.set('grant_type', grantType)
        return sendForm(endpoint, form.toString())
      },
      refusal: unsupported,
    }),
  ),
  {
    name: 'no client at all',
    attempt: async () => {
      const form = await redeemable(open)
      form.delete('client_id')
      return sendForm(endpoint, form.toString())
    },
    refusal: invalid,
  },
  {
    name: 'a confidential client without its secret',
    attempt: async () => sendForm(endpoint, (await redeemable(confidential.id)).toString()),
    refusal: unauthenticated,
  },
  {
    name: 'a confidential client with an empty secret',
    attempt: async () => sendForm(endpoint, (await redeemable(confidential.id)).toString(), basic(confidential.id, '')),
    refusal: invalid,
  },
  {
    name: 'a confidential client with the secret of another',
    attempt: async () => {
      const { secret } = await registerConfidential()
      return sendForm(endpoint, (await redeemable(confidential.id)).toString(), basic(confidential.id, secret))
    },
    refusal: unauthenticated,
  },
  {
    name: 'authentication downgrade: a client with a key of its own comes without an assertion',
    attempt: async () => {
      const metadata = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicKey] } }
      const { body } = await registerClient(running.url, metadata)
      return sendForm(endpoint, (await redeemable(String(body['client_id']))).toString())
    },
    refusal: unauthenticated,
  },
  {
    name: 'client confusion: the header authenticates one client and the form names another',
    attempt: async () =>
      sendForm(endpoint, (await redeemable(open)).toString(), basic(confidential.id, confidential.secret)),
    refusal: invalid,
  },
  {
    name: 'two ways to authenticate at once',
    attempt: async () => {
      const form = await redeemable(confidential.id)
      form.set('client_secret', confidential.secret)
      return sendForm(endpoint, form.toString(), basic(confidential.id, confidential.secret))
    },
    refusal: invalid,
  },
  {
    name: 'an assertion that nobody signed',
    attempt: async () => {
      const form = await redeemable(confidential.id)
      form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
      form.set('client_assertion', unsignedAssertion(confidential.id, running.url))
      return sendForm(endpoint, form.toString())
    },
    refusal: unauthenticated,
  },
]

test('without a trick the same form yields tokens, of a public and of a confidential client', async () => {
  expect((await sendForm(endpoint, (await redeemable(open)).toString())).status).toBe(200)
  const form = (await redeemable(confidential.id)).toString()
  expect((await sendForm(endpoint, form, basic(confidential.id, confidential.secret))).status).toBe(200)
})

test.each(attacks)('$name', async ({ attempt, refusal }) => {
  const answer = await attempt()
  expectRefusal(running.events, answer, refusal)
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(answer.headers['content-type']).toContain('application/json')
})

test('a client that fails in the header is told which scheme is expected', async () => {
  const form = (await redeemable(confidential.id)).toString()
  const answer = await sendForm(endpoint, form, basic(confidential.id, 'wrong'))
  expectRefusal(running.events, answer, unauthenticated)
  expect(answer.headers['www-authenticate']).toMatch(/^Basic realm="/)
})

function unsignedAssertion(clientId: string, issuer: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const seconds = Math.floor(Date.now() / 1000)
  const claims = { iss: clientId, sub: clientId, aud: issuer, jti: 'one', iat: seconds, exp: seconds + 60 }
  return `${encode({ alg: 'none' })}.${encode(claims)}.`
}
