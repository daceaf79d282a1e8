import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  registerClient,
  signIn,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { completeSignIn, openBrowser, openPage } from '../harness/browser-login.ts'
import { type Attack, expectRefusal, sendRaw } from '../harness/refusal.ts'

let running: RunningAuthorizationServer
const fetched: string[] = []
beforeAll(async () => {
  running = await startAuthorizationServer({
    fetchDocument: (url) => {
      fetched.push(url)
      return Promise.reject(new Error('nothing is fetched here'))
    },
  })
})
afterAll(() => running.close())

const send = (body: string, headers: { [name: string]: string } = { 'content-type': 'application/json' }) =>
  sendRaw(`${running.url}/oauth/register`, { headers, body })
const redirectTo = (...redirect_uris: unknown[]) => send(JSON.stringify({ client_name: 'x', redirect_uris }))

const badRedirect = { status: 400, error: 'invalid_redirect_uri', reason: 'client_metadata_invalid' } as const
const badMetadata = { status: 400, error: 'invalid_client_metadata', reason: 'client_metadata_invalid' } as const

const redirectTricks: { readonly [trick: string]: readonly unknown[] } = {
  script: ['javascript:alert(document.cookie)'],
  'script in upper case': ['JAVASCRIPT:alert(1)'],
  'script behind a line break': ['java\nscript:alert(1)'],
  'a document in the URL': ['data:text/html,<script>alert(1)</script>'],
  'a local file': ['file:///etc/passwd'],
  'plain http elsewhere': ['http://client.example/cb'],
  'a host that begins like loopback': ['http://localhost.evil.example/cb'],
  'an address that begins like loopback': ['http://127.0.0.1.evil.example/cb'],
  'a name in front of the host': ['https://claude.ai@evil.example/cb'],
  'a fragment': ['https://client.example/cb#x'],
  'an empty fragment': ['https://client.example/cb#'],
  'a wildcard host': ['https://*.example/cb'],
  'a host with a semicolon for the page policy': ['https://evil;script-src.example/cb'],
  'a backslash that browsers read as slash': ['https://claude.ai\\@evil.example/cb'],
  'a tab': ['https://client.example/\tcb'],
  'no scheme': ['//evil.example/cb'],
  'a path only': ['/cb'],
  'a program that runs its argument': ['ms-msdt:/id x'],
  'a scheme whose rest is a command': ['cursor:open?x=1'],
  'one bad among good ones': ['https://client.example/cb', 'javascript:alert(1)'],
  'an object': [{ toString: 'https://client.example/cb' }],
  'an address that is too long': [`https://client.example/${'a'.repeat(2048)}`],
  'more than anybody needs': Array.from({ length: 33 }, (_, index) => `https://client.example/${index}`),
  nothing: [],
}

const attacks: readonly Attack[] = [
  ...Object.entries(redirectTricks).map(
    ([trick, uris]): Attack => ({
      name: `a redirect URI that is ${trick}`,
      attempt: () => redirectTo(...uris),
      refusal: badRedirect,
    }),
  ),
  {
    name: 'redirect URIs inherited from the prototype',
    attempt: () => send('{"client_name":"x","__proto__":{"redirect_uris":["https://client.example/cb"]}}'),
    refusal: badRedirect,
  },
  { name: 'metadata that is a list', attempt: () => send('[]'), refusal: badMetadata },
  {
    name: 'metadata that is a form',
    attempt: () => send('redirect_uris=https://client.example/'),
    refusal: badMetadata,
  },
  { name: 'metadata with a comment', attempt: () => send('{/**/"redirect_uris":[]}'), refusal: badMetadata },
  { name: 'metadata nested without end', attempt: () => send('['.repeat(60_000)), refusal: badMetadata },
  {
    name: 'metadata without end',
    attempt: () => send(JSON.stringify({ redirect_uris: ['https://client.example/'], x: 'x'.repeat(70_000) })),
    refusal: { status: 413, error: 'invalid_request', reason: 'limit_body_exceeded' },
  },
  {
    name: 'method confusion: reading the registration of another client',
    attempt: () => sendRaw(`${running.url}/oauth/register`),
    refusal: { status: 405, error: 'invalid_request', reason: 'method_not_allowed' },
  },
  {
    name: 'taking over a client by its registration address',
    attempt: async () => {
      const id = String((await registerClient(running.url)).body['client_id'])
      return sendRaw(`${running.url}/oauth/register/${id}`, { method: 'PUT', body: '{}' })
    },
    refusal: { status: 404, error: 'not_found', reason: 'route_not_found' },
  },
]

test('without a trick the same client registers', async () => {
  expect((await redirectTo('https://client.example/cb')).status).toBe(201)
})

test.each(attacks)('$name', async ({ attempt, refusal }) => {
  expectRefusal(running.events, await attempt(), refusal)
})

test('a client chooses neither its id nor its secret', async () => {
  const victim = await signIn(running.url)
  const chosen = { client_id: victim.clientId, client_secret: 'known', client_secret_expires_at: 0 }
  const { status, body } = await registerClient(running.url, {
    ...chosen,
    token_endpoint_auth_method: 'client_secret_post',
  })
  expect(status).toBe(201)
  expect(body['client_id']).not.toBe(victim.clientId)
  expect(body['client_secret']).not.toBe('known')
})

test('addresses in the metadata of a public client are neither fetched nor kept', async () => {
  const inside = 'https://169.254.169.254/x'
  const uris = ['jwks_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'sector_identifier_uri', 'initiate_login_uri']
  const { status, body } = await registerClient(running.url, {
    ...Object.fromEntries(uris.map((name) => [name, inside])),
    backchannel_logout_uri: inside,
    request_uris: [inside],
    software_statement: 'eyJhbGciOiJub25lIn0.e30.',
  })
  expect(status).toBe(201)
  expect(JSON.stringify(body)).not.toContain('169.254')
  await completeSignIn(buildAuthorization(running.url, String(body['client_id'])).url, { subject: 'ada' })
  expect(fetched).toEqual([])
})

test('a name cannot turn the consent page around or claim to be checked', async () => {
  const client_name = '\u202eedoC edualC\u2066 <b>verified</b>\r\n\u0000'
  const { body } = await registerClient(running.url, { client_name })
  expect(body['client_name']).toBe('edoC edualC <b>verified</b>')
  const page = await openPage(openBrowser(), buildAuthorization(running.url, String(body['client_id'])).url)
  expect(page.text).not.toContain('<b>verified</b>')
})

test('registration flood: one address is stopped, leaves an event, and registered clients go on', async () => {
  const flooded = await startAuthorizationServer({
    requestLimits: {
      register: { perAddress: 5, total: 100, windowSeconds: 600 },
      document: { perAddress: 5, total: 100, windowSeconds: 600 },
    },
  })
  try {
    const clientId = String((await registerClient(flooded.url)).body['client_id'])
    for (let count = 1; count < 5; count++) expect((await registerClient(flooded.url)).status).toBe(201)
    const body = JSON.stringify({ redirect_uris: ['https://client.example/'] })
    const stopped = await sendRaw(`${flooded.url}/oauth/register`, {
      headers: { 'content-type': 'application/json' },
      body,
    })
    expectRefusal(flooded.events, stopped, {
      status: 429,
      error: 'temporarily_unavailable',
      reason: 'limit_rate_exceeded',
    })
    expect(Number(stopped.headers['retry-after'])).toBeGreaterThan(0)
    const asked = buildAuthorization(flooded.url, clientId)
    const redirect = await completeSignIn(asked.url, { subject: 'ada' })
    expect((await redeemCode(flooded.url, asked, redirect)).status).toBe(200)
  } finally {
    await flooded.close()
  }
})

test('registration flood with forged addresses: forwarding headers do not make a new address', async () => {
  const flooded = await startAuthorizationServer({
    requestLimits: {
      register: { perAddress: 2, total: 100, windowSeconds: 600 },
      document: { perAddress: 2, total: 100, windowSeconds: 600 },
    },
  })
  try {
    const body = JSON.stringify({ redirect_uris: ['https://client.example/'] })
    const statuses: number[] = []
    for (let count = 0; count < 4; count++) {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': `203.0.113.${count}` }
      statuses.push((await sendRaw(`${flooded.url}/oauth/register`, { headers, body })).status)
    }
    expect(statuses).toEqual([201, 201, 429, 429])
  } finally {
    await flooded.close()
  }
})

test('an application that the operator did not name cannot register, by metadata of whatever kind', async () => {
  running.settings.redirectSchemes = ['cursor']
  try {
    const refused = await redirectTo('https://client.example/cb', 'vscode://evil/cb')
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('invalid_redirect_uri')
    expect((await redirectTo('cursor://anysphere.cursor-mcp/oauth/callback')).status).toBe(201)
  } finally {
    running.settings.redirectSchemes = undefined
  }
})
