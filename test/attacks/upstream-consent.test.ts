import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { UpstreamLink } from '../../src/contracts/upstream-links.ts'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  registerClient,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { type Browser, completeSignIn, openBrowser, openPage, readFormToken } from '../harness/browser-login.ts'

// The confused deputy: a client of the attacker rides on what a person allowed somebody else at an upstream (MCP Security Best Practices).
let running: RunningAuthorizationServer
let state: UpstreamLink['state']
let visits: string[]
beforeAll(async () => {
  running = await startAuthorizationServer({
    upstreamLinks: {
      list: async (_server, _person, returnPath) => {
        const connectPath = `/auth/connections/tracker/connect?return_to=${encodeURIComponent(returnPath)}`
        return [{ id: 'tracker', displayName: 'Tracker', summary: undefined, state, connectPath }]
      },
    },
    page: (_server, request, response) => {
      const url = new URL(request.url ?? '/', running.url)
      visits.push(url.pathname)
      state = 'connected'
      response.writeHead(303, { location: url.searchParams.get('return_to') ?? '/' }).end()
    },
  })
})
afterAll(() => running.close())
beforeEach(() => {
  state = 'connect_required'
  visits = []
})

const hosted = 'https://evil.example/callback'

async function prepare(parameters: { [name: string]: string } = {}) {
  const clientId = String((await registerClient(running.url, { redirect_uris: [hosted] })).body['client_id'])
  return buildAuthorization(running.url, clientId, { redirect_uri: hosted, ...parameters })
}

/** A person who is signed in, and allowed another client before. */
async function openVictim(): Promise<Browser> {
  const browser = openBrowser()
  await completeSignIn((await prepare()).url, { subject: 'ada', browser })
  return browser
}

test.each([{}, { prompt: 'none' }, { prompt: 'login' }, { return_to: '/auth/connections/tracker/connect' }])(
  'confused deputy: a link of the attacker sends nobody on to an upstream (%j)',
  async (parameters) => {
    const victim = await openVictim()
    let answer = await victim.get((await prepare(parameters)).url)
    while (answer.location?.origin === running.url) answer = await victim.get(answer.location)
    expect(visits).toEqual([])
    expect(String(answer.location ?? '')).not.toMatch(/[?&]code=/)
  },
)

test('confused deputy: what is connected on the way to a decision is no decision', async () => {
  const victim = await openVictim()
  const request = await prepare()
  const page = await openPage(victim, request.url)
  const countGiven = () =>
    Promise.all(['Grant', 'AuthorizationCode'].map((model) => running.storage.oauth.count(model)))
  const given = await countGiven()
  const connectPath = /<a class="button" href="([^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const back = await openPage(victim, new URL(connectPath, running.url))
  expect(visits).toEqual(['/auth/connections/tracker/connect'])
  // Connected now, and asked all the same: the client has nothing.
  expect(back.url.pathname).toBe(page.url.pathname)
  expect(await countGiven()).toEqual(given)
  const refused = await victim.post(back.url, { form_token: readFormToken(back), decision: 'refuse' })
  const redirect = await completeSignIn(refused.location ?? '', { subject: 'ada', browser: victim })
  expect(redirect.searchParams.get('error')).toBe('access_denied')
  expect((await redeemCode(running.url, request, redirect)).status).toBe(400)
})

test('confused deputy: a connection that exists already spares a new client no question', async () => {
  const victim = await openVictim()
  state = 'connected'
  const page = await openPage(victim, (await prepare()).url)
  expect(page.status).toBe(200)
  expect(page.url.pathname).toContain('/oauth/consent/')
})
