import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  registerClient,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { completeSignIn, openBrowser } from '../harness/browser-login.ts'
import { type Attack, expectRefusal, sendRaw } from '../harness/refusal.ts'

let running: RunningAuthorizationServer
let clientId: string
beforeAll(async () => {
  running = await startAuthorizationServer()
  clientId = String((await registerClient(running.url)).body['client_id'])
})
afterAll(() => running.close())

const redirected = (error: string) => ({ status: 303, error, reason: 'grant_request_invalid' }) as const
const shown = { status: 400, reason: 'grant_request_invalid' } as const
const unknownClient = { status: 400, reason: 'client_unknown' } as const
const wrongTarget = { status: 303, error: 'invalid_target', reason: 'grant_target_invalid' } as const

/** Asks with changed parameters, and with text after them. */
const ask = (parameters: { [name: string]: string }, more = '') =>
  sendRaw(buildAuthorization(running.url, parameters['client_id'] ?? clientId, parameters).url + more)

const attacks: readonly Attack[] = [
  {
    name: 'PKCE downgrade: no challenge',
    attempt: () => ask({ code_challenge: '', code_challenge_method: '' }),
    refusal: redirected('invalid_request'),
  },
  {
    name: 'PKCE downgrade: the plain method',
    attempt: () => ask({ code_challenge_method: 'plain' }),
    refusal: redirected('invalid_request'),
  },
  {
    name: 'PKCE downgrade: a challenge without its method, which would mean plain',
    attempt: () => ask({ code_challenge_method: '' }),
    refusal: redirected('invalid_request'),
  },
  {
    name: 'PKCE downgrade: the method in lower case',
    attempt: () => ask({ code_challenge_method: 's256' }),
    refusal: redirected('invalid_request'),
  },
  {
    name: 'PKCE downgrade: a challenge short enough to guess',
    attempt: () => ask({ code_challenge: 'abc' }),
    refusal: redirected('invalid_request'),
  },
  {
    name: 'implicit flow: a token in the redirect',
    attempt: () => ask({ response_type: 'token' }),
    refusal: redirected('unsupported_response_type'),
  },
  {
    name: 'hybrid flow: a code and an ID token',
    attempt: () => ask({ response_type: 'code id_token', nonce: 'n' }),
    refusal: redirected('unsupported_response_type'),
  },
  {
    name: 'a request object overrides the parameters that people see',
    attempt: () => ask({ request: 'eyJhbGciOiJub25lIn0.eyJzY29wZSI6ImFkbWluIn0.' }),
    refusal: redirected('request_not_supported'),
  },
  {
    name: 'a request_uri makes the gateway fetch from the inside',
    attempt: () => ask({ request_uri: 'https://169.254.169.254/latest/meta-data' }),
    refusal: redirected('request_uri_not_supported'),
  },
  {
    name: 'parameter pollution: two clients',
    attempt: () => ask({}, '&client_id=another'),
    refusal: shown,
  },
  {
    name: 'parameter pollution: two redirect URIs, answered at the only registered one',
    attempt: () => ask({}, '&redirect_uri=https%3A%2F%2Fevil.example%2F'),
    refusal: redirected('invalid_request'),
  },
  {
    name: 'parameter pollution: two states',
    attempt: () => ask({}, '&state=of-the-attacker'),
    refusal: redirected('invalid_request'),
  },
  {
    name: 'parameter pollution: two challenges',
    attempt: () => ask({}, `&code_challenge=${'a'.repeat(43)}`),
    refusal: redirected('invalid_request'),
  },
  {
    name: 'parameter pollution: two scopes',
    attempt: () => ask({ scope: 'mcp:tools' }, '&scope=admin'),
    refusal: redirected('invalid_request'),
  },
  {
    name: 'parameter pollution: two response types',
    attempt: () => ask({}, '&response_type=token'),
    refusal: redirected('invalid_request'),
  },
  {
    name: 'a second resource behind the one that the consent page names',
    attempt: () => ask({}, `&resource=${encodeURIComponent(`${running.url}/mcp/tracker-read-only`)}`),
    refusal: wrongTarget,
  },
  {
    name: 'a resource that only begins like a virtual server',
    attempt: () => ask({ resource: `${running.url}/mcp/tracker.evil.example` }),
    refusal: wrongTarget,
  },
  {
    name: 'a resource of another host with the same path',
    attempt: () => ask({ resource: 'https://evil.example/mcp/tracker' }),
    refusal: wrongTarget,
  },
  {
    name: 'a resource with a fragment',
    attempt: () => ask({ resource: `${running.url}/mcp/tracker#x` }),
    refusal: wrongTarget,
  },
  {
    name: 'a resource with user information',
    attempt: () => ask({ resource: `${running.url.replace('//', '//ada@')}/mcp/tracker` }),
    refusal: wrongTarget,
  },
  {
    name: 'a resource in another case',
    attempt: () => ask({ resource: `${running.url}/MCP/tracker` }),
    refusal: wrongTarget,
  },
  {
    name: 'client id confusion: the same letters in another case',
    attempt: () => ask({ client_id: swapCase(clientId) }),
    refusal: unknownClient,
  },
  {
    name: 'client id confusion: full-width letters that normalise to it',
    attempt: () => ask({ client_id: widen(clientId) }),
    refusal: unknownClient,
  },
  {
    name: 'client id confusion: an invisible character at the end',
    attempt: () => ask({ client_id: `${clientId}\u200b` }),
    refusal: unknownClient,
  },
  {
    name: 'client id confusion: a NUL at the end',
    attempt: () => ask({ client_id: `${clientId}\0` }),
    refusal: unknownClient,
  },
  {
    name: 'client id confusion: a space at the end',
    attempt: () => ask({ client_id: `${clientId} ` }),
    refusal: unknownClient,
  },
  {
    name: 'client id confusion: names of the prototype of objects',
    attempt: () => ask({ client_id: '__proto__' }),
    refusal: unknownClient,
  },
  {
    name: 'method confusion: authorization by POST from a page of another site',
    attempt: () =>
      sendRaw(`${running.url}/oauth/authorize`, {
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' },
        body: buildAuthorization(running.url, clientId).url.split('?')[1] ?? '',
      }),
    refusal: { status: 405, error: 'invalid_request', reason: 'method_not_allowed' },
  },
]

test('without a trick the same request begins a sign-in', async () => {
  const answer = await ask({})
  expect(answer.status).toBe(303)
  expect(String(answer.headers['location'])).toMatch(/^\/oauth\/dev-login\//)
})

test.each(attacks)('$name', async ({ attempt, refusal }) => {
  expectRefusal(running.events, await attempt(), refusal)
})

test.each(['fragment', 'form_post', 'web_message', 'query.jwt', 'constructor'])(
  'response_mode=%s does not move the code to another place',
  async (response_mode) => {
    const asked = buildAuthorization(running.url, clientId, { response_mode })
    const redirect = await completeSignIn(asked.url, { subject: 'ada' })
    expect(redirect.searchParams.get('code')).toBeTruthy()
    expect(redirect.hash).toBe('')
  },
)

test('consent bypass: prompt=none from a page in the background, for a person who is signed in', async () => {
  const browser = openBrowser()
  await completeSignIn(buildAuthorization(running.url, clientId).url, { subject: 'ada', browser })
  const fresh = String((await registerClient(running.url)).body['client_id'])
  const answer = await browser.get(buildAuthorization(running.url, fresh, { prompt: 'none' }).url)
  const error = answer.location?.searchParams.get('error') ?? ''
  expect(['consent_required', 'interaction_required']).toContain(error)
  expectRefusal(running.events, answer, redirected(error))
})

test('scope escalation: scopes that the virtual server does not have are not granted', async () => {
  const asked = buildAuthorization(running.url, clientId, { scope: 'mcp:tools admin * openid mcp:tools:write' })
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  const form = { grant_type: 'authorization_code', code: redirect.searchParams.get('code') ?? '' }
  const rest = { client_id: clientId, redirect_uri: asked.redirectUri, code_verifier: asked.verifier }
  const answer = await sendRaw(`${running.url}/oauth/token`, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...form, ...rest }).toString(),
  })
  expect(JSON.parse(answer.text)).toMatchObject({ scope: 'mcp:tools' })
  expect(answer.text).not.toContain('id_token')
})

function swapCase(text: string): string {
  return text.replace(/[a-z]/gi, (each) => (each === each.toLowerCase() ? each.toUpperCase() : each.toLowerCase()))
}

function widen(text: string): string {
  return text.replace(/[A-Za-z0-9]/g, (each) => String.fromCharCode(each.charCodeAt(0) + 0xfee0))
}
