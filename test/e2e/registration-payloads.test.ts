import { afterAll, beforeAll, expect, it } from 'vitest'
import { type McpClientHabits, mcpClients } from '../fixtures/mcp-clients.ts'
import { buildAuthorization, redeemCode, refresh, sendJson } from '../harness/authorization-server.ts'
import { completeSignIn } from '../harness/browser-login.ts'
import { callTool } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { signIn } from '../harness/write-project.ts'

let upstream: EchoUpstream
let gateway: TestGateway
beforeAll(async () => {
  upstream = await startEchoUpstream()
  gateway = await startTestGateway({
    servers: { tracker: { upstream: upstream.url, inbound: ['sign-in'] } },
    policies: signIn(),
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

/** What a client knows about itself after it registered. */
interface Registered {
  readonly clientId: string
  /** Empty for public clients. */
  readonly secret: { readonly client_secret?: string }
}

async function register({ registration, registrations }: McpClientHabits): Promise<Registered> {
  let last: Registered | undefined
  for (let time = 0; time < registrations; time++) {
    const { status, body } = await sendJson(`${gateway.publicUrl}/oauth/register`, { json: registration })
    expect(status).toBe(201)
    expect(body['redirect_uris']).toEqual((registration as { redirect_uris: string[] }).redirect_uris)
    const secret = typeof body['client_secret'] === 'string' ? { client_secret: body['client_secret'] } : {}
    last = { clientId: String(body['client_id']), secret }
  }
  if (!last) throw new Error('registered nothing')
  return last
}

async function authorize(habits: McpClientHabits, { clientId, secret }: Registered, subject = 'ada') {
  const resource = habits.sendsResource ? gateway.server('tracker') : ''
  const parameters = { redirect_uri: habits.redirectUri, resource, ...habits.authorize }
  const asked = buildAuthorization(gateway.publicUrl, clientId, parameters)
  const redirect = await completeSignIn(asked.url, { subject })
  expect(redirect.href.startsWith(`${habits.redirectUri}?`)).toBe(true)
  expect(redirect.searchParams.get('iss')).toBe(gateway.publicUrl)
  return redeemCode(gateway.publicUrl, asked, redirect, { ...(resource && { resource }), ...secret })
}

async function expectUsable(token: unknown): Promise<void> {
  expect((await callTool(gateway.server('tracker'), String(token), 'echo')).status).toBe(200)
}

it.each(Object.entries(mcpClients))(
  '%s registers, signs in, calls and refreshes as it is used to',
  async (_, habits) => {
    const registered = await register(habits)
    const tokens = await authorize(habits, registered)
    expect(tokens.body).toMatchObject({ token_type: 'Bearer', scope: 'mcp:tools' })
    await expectUsable(tokens.body['access_token'])
    const resource = habits.sendsResource ? { resource: gateway.server('tracker') } : {}
    const use = (refreshToken: unknown) =>
      refresh(gateway.publicUrl, registered.clientId, refreshToken, {
        ...resource,
        ...habits.refresh,
        ...registered.secret,
      })
    const answers = await Promise.all(Array.from({ length: habits.processes }, () => use(tokens.body['refresh_token'])))
    for (const { status, body } of answers) {
      expect(status).toBe(200)
      await expectUsable(body['access_token'])
    }
    // Every process goes on with the refresh token that it received.
    for (const { body } of answers) expect((await use(body['refresh_token'])).status).toBe(200)
  },
)

it('a program that registers at every start is one client, a hosted product a new one each time', async () => {
  const ids = async (name: string) => {
    const habits = mcpClients[name] as McpClientHabits
    return (await register(habits)).clientId === (await register(habits)).clientId
  }
  for (const name of ['opencode', 'Codex', 'Gemini CLI', 'mcporter'])
    expect([name, await ids(name)]).toEqual([name, true])
  for (const name of ['claude.ai', 'ChatGPT', 'Cursor, hosted', 'SDK example with a secret'])
    expect([name, await ids(name)]).toEqual([name, false])
})

it('people who share the shape of a client share neither tokens nor their end', async () => {
  const habits = mcpClients['opencode'] as McpClientHabits
  const [mine, theirs] = [await register(habits), await register(habits)]
  expect(mine.clientId).toBe(theirs.clientId)
  const [ada, grace] = [await authorize(habits, mine), await authorize(habits, theirs, 'grace')]
  const token = String(ada.body['refresh_token'])
  await sendJson(`${gateway.publicUrl}/oauth/revoke`, { form: { token, client_id: mine.clientId } })
  const denied = await callTool(gateway.server('tracker'), String(ada.body['access_token']), 'echo')
  expect(denied.status).toBe(401)
  await expectUsable(grace.body['access_token'])
  for (const subject of ['ada', 'grace']) {
    const { clientId } = mine
    await gateway.waitForEvent(
      (each) => each.type === 'auth_token_issued' && each.clientId === clientId && each.subject === subject,
    )
  }
})

it('a client that a hosted product registered long ago is still known after a restart', async () => {
  const habits = mcpClients['ChatGPT'] as McpClientHabits
  const registered = await register(habits)
  await gateway.restart()
  expect((await authorize(habits, registered)).status).toBe(200)
})

it('Gemini CLI saves its tokens with a registration that asks for nothing, and is told so in JSON', async () => {
  const json = { client_name: 'Gemini CLI (Stored OAuth)', redirect_uris: [], grant_types: [] }
  const answer = await sendJson(`${gateway.publicUrl}/oauth/register`, { json })
  expect(answer.status).toBe(400)
  expect(answer.body).toMatchObject({ error: 'invalid_redirect_uri', reason: 'client_metadata_invalid' })
})

it('a resource with a trailing slash is the same virtual server', async () => {
  const habits = mcpClients['Gemini CLI'] as McpClientHabits
  const registered = await register(habits)
  const resource = `${gateway.server('tracker')}/`
  const tokens = await authorize({ ...habits, authorize: { ...habits.authorize, resource } }, registered)
  await expectUsable(tokens.body['access_token'])
})
