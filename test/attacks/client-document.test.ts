import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFetchDocument } from '../../src/http/fetch-document.ts'
import { randomId } from '../../src/lib/random-id.ts'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  refresh,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { completeSignIn, openBrowser, openPage, readFormToken } from '../harness/browser-login.ts'
import { type DocumentServer, serveDocuments, testCertificate } from '../harness/document-server.ts'
import { type Attack, expectRefusal, sendRaw } from '../harness/refusal.ts'

/** Answers of the attacker's site by path, beside its proper documents. */
type Answer = { readonly status?: number; readonly headers?: { [name: string]: string }; readonly body: string }

const answers = new Map<string, Answer>()
const addresses: { readonly [name: string]: string } = {
  'inside.example': '10.0.0.1',
  'metadata.example': '169.254.169.254',
  'loopback.example': '127.0.0.2',
  'mapped.example': '::ffff:10.0.0.1',
  'shared.example': '100.64.0.1',
  'private6.example': 'fd00::1',
}
let site: DocumentServer
let running: RunningAuthorizationServer

beforeAll(async () => {
  site = await serveDocuments((request, response) => {
    const { status = 200, headers, body } = answers.get(request.url ?? '') ?? { status: 404, body: '{}' }
    response
      .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
      .end(body)
  })
  const fetchDocument = createFetchDocument({
    lookup: (name, callback) => {
      const address = addresses[name] ?? '127.0.0.1'
      callback(null, [{ address, family: address.includes(':') ? 6 : 4 }])
    },
    certificateAuthority: testCertificate,
    // The site of the tests is on loopback; everything else that is not public stays refused.
    allowAddress: (address) => address === '127.0.0.1',
  })
  running = await startAuthorizationServer({ fetchDocument })
})
afterAll(async () => {
  await running.close()
  await site.close()
})

const at = (path: string, host = 'client.example') => `https://${host}:${site.port}${path}`

/** Publishes a document at a path of its own and returns its URL. */
function publish(members: object = {}, answer: Partial<Answer> = {}): string {
  const path = `/${randomId()}`
  const document = {
    client_id: at(path),
    client_name: 'Site',
    redirect_uris: ['http://127.0.0.1/callback'],
    ...members,
  }
  answers.set(path, { body: JSON.stringify(document), ...answer })
  return at(path)
}

const ask = (clientId: string, parameters: { [name: string]: string } = {}) =>
  sendRaw(buildAuthorization(running.url, clientId, parameters).url)

const unreachable = { status: 400, reason: 'client_metadata_unreachable' } as const
const invalid = { status: 400, reason: 'client_metadata_invalid' } as const
const unknown = { status: 400, reason: 'client_unknown' } as const

const honest = { client_name: 'Site', redirect_uris: ['http://127.0.0.1/callback'] }
/** Other spellings of one address: as strings they are other clients. */
const spellings: { readonly [trick: string]: (url: string) => string } = {
  'the scheme in upper case': (url) => url.replace('https', 'HTTPS'),
  'the host in upper case': (url) => url.replace('client.example', 'CLIENT.example'),
  'full-width letters in the host': (url) => url.replace('client.example', '\uff43lient.example'),
  'a soft hyphen in the host': (url) => url.replace('client', 'cli\u00adent'),
  'a zero in front of the port': (url) => url.replace(/:(\d+)/, ':0$1'),
}

const attacks: readonly Attack[] = [
  ...Object.keys(addresses).map(
    (host): Attack => ({
      name: `SSRF: a document on ${host}, which is not public`,
      attempt: () => ask(at('/client', host)),
      refusal: unreachable,
    }),
  ),
  {
    name: 'SSRF: a redirect to the inside',
    attempt: () => ask(publish({}, { status: 302, headers: { location: 'https://169.254.169.254/latest' } })),
    refusal: unreachable,
  },
  {
    name: 'SSRF: a document that never stops',
    attempt: () => ask(publish({ x: 'x'.repeat(100_000) })),
    refusal: unreachable,
  },
  {
    name: 'impersonation: a document that names another client',
    attempt: () => ask(publish({ client_id: at('/honest') })),
    refusal: invalid,
  },
  {
    name: 'impersonation: a document without a client id',
    attempt: () => ask(publish({ client_id: undefined })),
    refusal: invalid,
  },
  {
    name: 'impersonation: the same address with a query',
    attempt: () => ask(`${publish()}?x=1`),
    refusal: unreachable,
  },
  {
    name: 'impersonation: the same address with a slash at the end',
    attempt: () => ask(`${publish()}/`),
    refusal: unreachable,
  },
  {
    name: 'impersonation: a page of the honest site that echoes what it is asked',
    attempt: () => ask(publish({}, { headers: { 'content-type': 'text/html' } })),
    refusal: unreachable,
  },
  {
    name: 'impersonation: an error page of the honest site',
    attempt: () => ask(publish({}, { status: 404 })),
    refusal: unreachable,
  },
  {
    name: 'a document with a shared secret, which everybody could read',
    attempt: () => ask(publish({ client_secret: 'known' })),
    refusal: invalid,
  },
  {
    name: 'a document that authenticates with a shared secret',
    attempt: () => ask(publish({ token_endpoint_auth_method: 'client_secret_basic' })),
    refusal: invalid,
  },
  {
    name: 'a document whose redirect is script',
    attempt: () => ask(publish({ redirect_uris: ['javascript:alert(1)'] })),
    refusal: invalid,
  },
  {
    name: 'a document without redirect URIs',
    attempt: () => ask(publish({ redirect_uris: [] })),
    refusal: invalid,
  },
  {
    name: 'open redirect: an address that the document does not list',
    attempt: () => ask(publish(), { redirect_uri: 'https://evil.example/cb' }),
    refusal: { status: 400, reason: 'client_redirect_invalid' },
  },
  {
    name: 'a document that is larger than any real one',
    attempt: () => ask(publish({ x: 'x'.repeat(6000) })),
    refusal: invalid,
  },
  ...['http://client.example/client', 'file:///etc/passwd'].map(
    (clientId): Attack => ({ name: `client id ${clientId}`, attempt: () => ask(clientId), refusal: unknown }),
  ),
  ...[
    'https://user:password@client.example/client',
    'https://client.example/a/../client',
    'https://client.example/%2e%2e/client',
    'https://client.example/client#fragment',
    'https:client.example/client',
  ].map((clientId): Attack => ({ name: `client id ${clientId}`, attempt: () => ask(clientId), refusal: unknown })),
  ...[
    'https://client.example/',
    'https://client.example',
    'https://127.0.0.1/client',
    'https://2130706433/client',
    'https://0x7f.1/client',
    'https://[::1]/client',
  ].map((clientId): Attack => ({ name: `client id ${clientId}`, attempt: () => ask(clientId), refusal: unreachable })),
  ...Object.entries(spellings).map(
    ([trick, respell]): Attack => ({
      name: `impersonation: the address of an honest client with ${trick}`,
      attempt: () => {
        const path = `/${randomId()}`
        const clientId = respell(at(path))
        answers.set(path, { body: JSON.stringify({ ...honest, client_id: clientId }) })
        return ask(clientId)
      },
      refusal: unreachable,
    }),
  ),
]

test('without a trick a document begins a sign-in', async () => {
  expect((await ask(publish())).status).toBe(303)
})

test.each(attacks)('$name', async ({ attempt, refusal }) => {
  const before = site.requests.length
  const answer = await attempt()
  expectRefusal(running.events, answer, refusal)
  expect(site.requests.length - before).toBeLessThanOrEqual(1)
  const own = running.events.filter(({ requestId }) => requestId === answer.headers['x-request-id'])
  // Who is refused did not register.
  if (refusal.reason !== 'client_redirect_invalid') expect(own).toHaveLength(1)
  expect(answer.headers['location']).toBeUndefined()
  expect(answer.text).not.toMatch(/ECONN|ENOTFOUND|169\.254|latest/)
})

test.each(Object.keys(addresses))('SSRF: %s is not even dialled, and the event says why', async (host) => {
  const answer = await ask(at('/client', host))
  const event = running.events.findLast(({ requestId }) => requestId === answer.headers['x-request-id'])
  expect(event?.detail).toContain('not public')
  expect(answer.text).not.toContain('not public')
})

test('impersonation: the consent page shows the host of the document, not only the name it gives itself', async () => {
  const browser = openBrowser()
  const clientId = publish({ client_name: 'Claude Code', client_uri: 'https://claude.ai' })
  const login = await openPage(browser, buildAuthorization(running.url, clientId).url)
  const answer = await browser.post(login.url, { form_token: readFormToken(login), name: 'ada' })
  const consent = await openPage(browser, answer.location ?? '')
  expect(consent.text).toContain(`client.example:${site.port}`)
  expect(consent.text).not.toContain('https://claude.ai')
})

test('redirect rotation between the legs: the code stays bound to where it was sent', async () => {
  const clientId = publish()
  const asked = buildAuthorization(running.url, clientId)
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  const path = new URL(clientId).pathname
  const rotated = { client_id: clientId, client_name: 'Site', redirect_uris: ['https://evil.example/cb'] }
  answers.set(path, { body: JSON.stringify(rotated) })
  const swapped = await redeemCode(running.url, { ...asked, redirectUri: 'https://evil.example/cb' }, redirect)
  expect(swapped.body).toMatchObject({ error: 'invalid_grant', reason: 'grant_invalid' })
  expect((await redeemCode(running.url, asked, redirect)).status).toBe(200)
})

test('a site that is gone between the legs does not take its clients with it', async () => {
  const clientId = publish()
  const asked = buildAuthorization(running.url, clientId)
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  answers.delete(new URL(clientId).pathname)
  expect((await redeemCode(running.url, asked, redirect)).status).toBe(200)
})

test('a refusal is not remembered: a site that was corrected is accepted at once', async () => {
  const clientId = publish({ redirect_uris: [] })
  expect((await ask(clientId)).status).toBe(400)
  answers.set(new URL(clientId).pathname, { body: JSON.stringify({ ...honest, client_id: clientId }) })
  expect((await ask(clientId)).status).toBe(303)
})

test('a document of a host that is not allowed is not fetched', async () => {
  const clientId = publish()
  running.settings.cimdAllowedHosts = ['claude.ai', '*.openai.example']
  try {
    const before = site.requests.length
    expectRefusal(running.events, await ask(clientId), { status: 400, reason: 'client_not_allowed' })
    expect(site.requests.length).toBe(before)
  } finally {
    running.settings.cimdAllowedHosts = undefined
  }
  expect((await ask(clientId)).status).toBe(303)
})

test('a client of a host that was denied afterwards is refused at the token endpoint too', async () => {
  const clientId = publish()
  const asked = buildAuthorization(running.url, clientId)
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  const tokens = await redeemCode(running.url, asked, redirect)
  expect(tokens.status).toBe(200)
  running.settings.cimdDeniedHosts = ['client.example']
  try {
    const answer = await refresh(running.url, clientId, tokens.body['refresh_token'])
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.body).toMatchObject({ reason: 'client_not_allowed' })
    const event = running.events.findLast(({ requestId }) => requestId === answer.headers['x-request-id'])
    expect(event?.reason).toBe('client_not_allowed')
  } finally {
    running.settings.cimdDeniedHosts = undefined
  }
})
