import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildAuthorization, redeemCode, refresh } from '../harness/authorization-server.ts'
import { completeSignIn, openBrowser, openPage, readFormToken } from '../harness/browser-login.ts'
import { type ClientSite, smallestDocument, startClientSite } from '../harness/client-site.ts'
import { type Attack, expectRefusal } from '../harness/refusal.ts'

let client: ClientSite
beforeAll(async () => {
  client = await startClientSite()
})
afterAll(() => client.close())

const unreachable = { status: 400, reason: 'client_metadata_unreachable' } as const
const invalid = { status: 400, reason: 'client_metadata_invalid' } as const

const attacks: readonly Attack[] = [
  {
    name: 'SSRF: a redirect to the inside',
    attempt: () =>
      client.ask(client.publish({}, { status: 302, headers: { location: 'https://169.254.169.254/latest' } })),
    refusal: unreachable,
  },
  {
    name: 'SSRF: a document that never stops',
    attempt: () => client.ask(client.publish({ x: 'x'.repeat(100_000) })),
    refusal: unreachable,
  },
  {
    name: 'impersonation: a document that names another client',
    attempt: () => client.ask(client.publish({ client_id: client.at('/honest') })),
    refusal: invalid,
  },
  {
    name: 'impersonation: a document without a client id',
    attempt: () => client.ask(client.publish({ client_id: undefined })),
    refusal: invalid,
  },
  {
    name: 'impersonation: the same address with a query',
    attempt: () => client.ask(`${client.publish()}?x=1`),
    refusal: invalid,
  },
  {
    name: 'impersonation: the same address with a slash at the end',
    attempt: () => client.ask(`${client.publish()}/`),
    refusal: invalid,
  },
  {
    name: 'impersonation: a page of the honest site that echoes what it is asked',
    attempt: () => client.ask(client.publish({}, { headers: { 'content-type': 'text/html' } })),
    refusal: unreachable,
  },
  {
    name: 'impersonation: an error page of the honest site',
    attempt: () => client.ask(client.publish({}, { status: 404 })),
    refusal: unreachable,
  },
  {
    name: 'a document with a shared secret, which everybody could read',
    attempt: () => client.ask(client.publish({ client_secret: 'known' })),
    refusal: invalid,
  },
  {
    name: 'a document that authenticates with a shared secret',
    attempt: () => client.ask(client.publish({ token_endpoint_auth_method: 'client_secret_basic' })),
    refusal: invalid,
  },
  {
    name: 'a document whose redirect is script',
    attempt: () => client.ask(client.publish({ redirect_uris: ['javascript:alert(1)'] })),
    refusal: invalid,
  },
  {
    name: 'a document without redirect URIs',
    attempt: () => client.ask(client.publish({ redirect_uris: [] })),
    refusal: invalid,
  },
  {
    name: 'open redirect: an address that the document does not list',
    attempt: () => client.ask(client.publish(), { redirect_uri: 'https://evil.example/cb' }),
    refusal: { status: 400, reason: 'client_redirect_invalid' },
  },
  {
    name: 'a document that is larger than any real one',
    attempt: () => client.ask(client.publish({ x: 'x'.repeat(6000) })),
    refusal: invalid,
  },
]

test('without a trick a document begins a sign-in', async () => {
  expect((await client.ask(client.publish())).status).toBe(303)
})

test.each(attacks)('$name', async ({ attempt, refusal }) => {
  const before = client.site.requests.length
  const answer = await attempt()
  expectRefusal(client.running.events, answer, refusal)
  expect(client.site.requests.length - before).toBeLessThanOrEqual(1)
  const own = client.running.events.filter(({ requestId }) => requestId === answer.headers['x-request-id'])
  // Who is refused did not register.
  if (refusal.reason !== 'client_redirect_invalid') expect(own).toHaveLength(1)
  expect(answer.headers['location']).toBeUndefined()
  expect(answer.text).not.toMatch(/ECONN|ENOTFOUND|169\.254|latest/)
})

test('impersonation: the consent page shows the host of the document, not only the name it gives itself', async () => {
  const browser = openBrowser()
  const clientId = client.publish({ client_name: 'Claude Code', client_uri: 'https://claude.ai' })
  const login = await openPage(browser, buildAuthorization(client.running.url, clientId).url)
  const answer = await browser.post(login.url, { form_token: readFormToken(login), name: 'ada' })
  const consent = await openPage(browser, answer.location ?? '')
  expect(consent.text).toContain(`client.example:${client.site.port}`)
  expect(consent.text).not.toContain('https://claude.ai')
})

test('redirect rotation between the legs: the code stays bound to where it was sent', async () => {
  const clientId = client.publish()
  const asked = buildAuthorization(client.running.url, clientId)
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  const path = new URL(clientId).pathname
  const rotated = { client_id: clientId, client_name: 'Site', redirect_uris: ['https://evil.example/cb'] }
  client.answers.set(path, { body: JSON.stringify(rotated) })
  // Forgets what it remembered of the document.
  await client.running.restart()
  const swapped = await redeemCode(client.running.url, { ...asked, redirectUri: 'https://evil.example/cb' }, redirect)
  expect(swapped.body).toMatchObject({ error: 'invalid_grant', reason: 'grant_invalid' })
  expect((await redeemCode(client.running.url, asked, redirect)).status).toBe(200)
})

test('a site that is gone between the legs does not take its clients with it', async () => {
  const clientId = client.publish()
  const asked = buildAuthorization(client.running.url, clientId)
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  client.answers.delete(new URL(clientId).pathname)
  expect((await redeemCode(client.running.url, asked, redirect)).status).toBe(200)
})

test('a refusal is not remembered: a site that was corrected is accepted at once', async () => {
  const clientId = client.publish({ redirect_uris: [] })
  expect((await client.ask(clientId)).status).toBe(400)
  client.answers.set(new URL(clientId).pathname, { body: JSON.stringify({ ...smallestDocument, client_id: clientId }) })
  expect((await client.ask(clientId)).status).toBe(303)
})

test('a document of a host that is not allowed is not fetched', async () => {
  const clientId = client.publish()
  client.running.settings.cimdAllowedHosts = ['claude.ai', '*.openai.example']
  try {
    const before = client.site.requests.length
    expectRefusal(client.running.events, await client.ask(clientId), { status: 400, reason: 'client_not_allowed' })
    expect(client.site.requests.length).toBe(before)
  } finally {
    client.running.settings.cimdAllowedHosts = undefined
  }
  expect((await client.ask(clientId)).status).toBe(303)
})

test('a client of a host that was denied afterwards is refused at the token endpoint too', async () => {
  const clientId = client.publish()
  const asked = buildAuthorization(client.running.url, clientId)
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  const tokens = await redeemCode(client.running.url, asked, redirect)
  expect(tokens.status).toBe(200)
  client.running.settings.cimdDeniedHosts = ['client.example']
  try {
    const answer = await refresh(client.running.url, clientId, tokens.body['refresh_token'])
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.body).toMatchObject({ reason: 'client_not_allowed' })
    const event = client.running.events.findLast(({ requestId }) => requestId === answer.headers['x-request-id'])
    expect(event?.reason).toBe('client_not_allowed')
  } finally {
    client.running.settings.cimdDeniedHosts = undefined
  }
})
