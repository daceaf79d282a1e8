import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  makeVirtualServer,
  type RunningAuthorizationServer,
  registerClient,
  type SignedIn,
  signIn,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { type Attack, expectRefusal, sendForm } from '../harness/refusal.ts'

let running: RunningAuthorizationServer
let skewMs = 0
beforeAll(async () => {
  running = await startAuthorizationServer({ clock: () => Date.now() + skewMs })
  const wide = makeVirtualServer(running.url, 'wide', 'Two scopes')
  running.virtualServers.push({ ...wide, scopes: ['mcp:tools', 'mcp:admin'] })
})
afterEach(() => {
  skewMs = 0
})
afterAll(() => running.close())

/** Refreshes as the owner would, except for the changes. */
function use(owner: SignedIn, changes: { [name: string]: string } = {}, more = '') {
  const form = { grant_type: 'refresh_token', refresh_token: owner.refreshToken, client_id: owner.clientId, ...changes }
  return sendForm(`${running.url}/oauth/token`, new URLSearchParams(form).toString() + more)
}

function revoke(owner: SignedIn, token: string) {
  const form = new URLSearchParams({ token, client_id: owner.clientId })
  return sendForm(`${running.url}/oauth/revoke`, form.toString())
}

const refused = { status: 400, error: 'invalid_grant', reason: 'grant_invalid' } as const
const wrongTarget = { status: 400, error: 'invalid_target', reason: 'grant_target_invalid' } as const
const invalid = { status: 400, error: 'invalid_request', reason: 'grant_request_invalid' } as const

const attacks: readonly Attack[] = [
  {
    name: 'refresh replay after the leeway',
    attempt: async () => {
      const owner = await signIn(running.url)
      expect((await use(owner)).status).toBe(200)
      skewMs = 11_000
      return use(owner)
    },
    refusal: refused,
  },
  {
    name: 'a refresh token of another client',
    attempt: async () => {
      const thief = String((await registerClient(running.url)).body['client_id'])
      return use(await signIn(running.url), { client_id: thief })
    },
    refusal: refused,
  },
  {
    name: 'token type confusion: an access token as refresh token',
    attempt: async () => {
      const owner = await signIn(running.url)
      return use(owner, { refresh_token: owner.accessToken })
    },
    refusal: refused,
  },
  {
    name: 'a refresh token in another case',
    attempt: async () => {
      const owner = await signIn(running.url)
      return use(owner, { refresh_token: owner.refreshToken.toUpperCase() })
    },
    refusal: refused,
  },
  {
    name: 'a refresh token with something appended',
    attempt: async () => {
      const owner = await signIn(running.url)
      return use(owner, { refresh_token: `${owner.refreshToken}.x` })
    },
    refusal: refused,
  },
  {
    name: 'two refresh tokens in one request',
    attempt: async () => {
      const [one, two] = [await signIn(running.url), await signIn(running.url)]
      return use(one, {}, `&refresh_token=${two.refreshToken}`)
    },
    refusal: invalid,
  },
  {
    name: 'a refresh token after its owner revoked it',
    attempt: async () => {
      const owner = await signIn(running.url)
      await revoke(owner, owner.refreshToken)
      return use(owner)
    },
    refusal: refused,
  },
  {
    name: 'a refresh token whose whole grant was revoked',
    attempt: async () => {
      const owner = await signIn(running.url)
      const verified = await running.server.verifier.verify(owner.accessToken)
      if (typeof verified === 'string') throw new Error(verified)
      await running.server.revokeGrant(verified.grantId)
      return use(owner)
    },
    refusal: refused,
  },
  {
    name: 'resource swap on refresh',
    attempt: async () => use(await signIn(running.url), { resource: `${running.url}/mcp/tracker-read-only` }),
    refusal: wrongTarget,
  },
  {
    name: 'two resources on refresh',
    attempt: async () =>
      use(
        await signIn(running.url),
        { resource: `${running.url}/mcp/tracker` },
        `&resource=${encodeURIComponent(`${running.url}/mcp/tracker-read-only`)}`,
      ),
    refusal: wrongTarget,
  },
  {
    name: 'scope escalation on refresh',
    attempt: async () => {
      const resource = `${running.url}/mcp/wide`
      const owner = await signIn(running.url, { resource, scope: 'mcp:tools' })
      expect(owner.body['scope']).toBe('mcp:tools')
      return use(owner, { resource, scope: 'mcp:tools mcp:admin' })
    },
    refusal: { status: 400, error: 'invalid_scope', reason: 'grant_request_invalid' },
  },
]

test('without a trick the owner refreshes', async () => {
  expect((await use(await signIn(running.url))).status).toBe(200)
})

test.each(attacks)('$name', async ({ attempt, refusal }) => {
  expectRefusal(running.events, await attempt(), refusal)
})

test('a scope that only another virtual server has is dropped on refresh, as it was at the sign-in', async () => {
  const resource = `${running.url}/mcp/tracker`
  const asked = 'mcp:tools mcp:admin offline_access'
  const owner = await signIn(running.url, { resource, scope: asked })
  const answer = await use(owner, { scope: asked, resource })
  expect(answer.status).toBe(200)
  expect(JSON.parse(answer.text)).toMatchObject({ scope: 'mcp:tools' })
})

test('token type confusion at revocation: a wrong hint changes nothing', async () => {
  const owner = await signIn(running.url)
  const form = { token: owner.accessToken, token_type_hint: 'refresh_token', client_id: owner.clientId }
  expect((await sendForm(`${running.url}/oauth/revoke`, new URLSearchParams(form).toString())).status).toBe(200)
  expect(await running.server.verifier.verify(owner.accessToken)).toBe('token_revoked')
})

test('a public client cannot revoke tokens of another', async () => {
  const [owner, thief] = [await signIn(running.url), await signIn(running.url)]
  for (const token of [owner.accessToken, owner.refreshToken]) await revoke(thief, token)
  expect(await running.server.verifier.verify(owner.accessToken)).toMatchObject({ subject: { id: 'ada' } })
  expect((await use(owner)).status).toBe(200)
})

test('enumeration: what is unknown and what belongs to another is answered alike', async () => {
  const [owner, thief] = [await signIn(running.url), await signIn(running.url)]
  const alike = async (answers: Promise<{ status: number; text: string }>[]) => {
    const seen = (await Promise.all(answers)).map(({ status, text }) => `${status} ${text.replace(/[0-9a-f]{32}/, '')}`)
    expect(new Set(seen).size).toBe(1)
  }
  await alike([revoke(thief, owner.refreshToken), revoke(thief, 'sp_rt_unknown'), revoke(thief, thief.clientId)])
  await alike([use(thief, { refresh_token: owner.refreshToken }), use(thief, { refresh_token: 'sp_rt_unknown' })])
})
