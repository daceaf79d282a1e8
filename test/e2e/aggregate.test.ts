import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, openPage, readFormToken } from '../harness/browser-login.ts'
import { connectPerson, findConnectLink } from '../harness/connect-person.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { callTool, postModern } from '../harness/post-message.ts'
import {
  type ProtectedUpstream,
  startProtectedUpstream,
} from '../harness/protected-upstream/start-protected-upstream.ts'
import { connectSdkV2 } from '../harness/sdk-v2-client.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { type OlderUpstream, startOlderUpstream } from '../harness/upstreams/older-upstream.ts'
import { signIn, type TestProject } from '../harness/write-project.ts'

// One endpoint over four upstreams: one without credentials, one of the older revisions, one where people connect accounts of their own,
// and one that is down.
let echo: EchoUpstream
let older: OlderUpstream
let account: ProtectedUpstream
let gateway: TestGateway
const tokens = { ada: '', bob: '' }

const project = (options: object = {}): TestProject => ({
  servers: {
    hub: {
      upstream: {
        members: {
          echo: { route: 'echo-server' },
          older: { route: 'older-server' },
          notes: { route: 'notes-server' },
          gone: { route: 'gone-server' },
        },
        memberSeconds: 2,
        ...options,
      },
      inbound: ['sign-in'],
    },
    chosen: {
      upstream: {
        names: 'map',
        members: { echo: { route: 'echo-server', tools: { say: 'echo' } }, older: { route: 'older-server' } },
      },
      inbound: ['sign-in'],
    },
    'echo-server': { upstream: echo.url, inbound: ['sign-in'] },
    'older-server': { upstream: older.url, inbound: ['sign-in', 'curated'] },
    'notes-server': { upstream: account.mcpUrl, inbound: ['account'], internal: true },
    'gone-server': { upstream: 'http://127.0.0.1:9/mcp', inbound: ['sign-in'] },
  },
  policies: {
    ...signIn(),
    curated: ['mcp-capability-filter-inbound', { tools: ['echo', 'greet'], resources: ['test://*'] }],
    account: ['mcp-token-exchange-inbound', { id: 'notes', displayName: 'Notes', authMode: 'user-oauth' }],
  },
})

beforeAll(async () => {
  echo = await startEchoUpstream()
  older = await startOlderUpstream()
  account = await startProtectedUpstream({ behaviour: { primary: { login: 'page' } } })
  gateway = await startTestGateway(project())
  for (const person of ['ada', 'bob'] as const) {
    tokens[person] = (await obtainToken(gateway.publicUrl, gateway.server('hub'), person)).accessToken
  }
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([echo.close(), older.close(), account.stop()])
})

const hub = () => gateway.server('hub')
const as = (person: 'ada' | 'bob') => ({ authorization: `Bearer ${tokens[person]}` })
const listTools = async (person: 'ada' | 'bob') => {
  const { message, text } = await postModern(hub(), tokens[person], 'tools/list')
  const tools = message?.result?.['tools'] as { name: string }[] | undefined
  if (tools === undefined) throw new Error(text)
  return tools.map(({ name }) => name)
}

describe('an aggregate', () => {
  it('lists what its members list, under their names and after their policies', async () => {
    expect(await listTools('ada')).toEqual(['echo_echo', 'older_echo', 'older_greet', 'notes_connect_notes'])
  })

  it('calls the member that a name belongs to, with nothing of the person', async () => {
    const { message } = await callTool(hub(), tokens.ada, 'echo_echo')
    const content = message?.result?.['content'] as { text: string }[]
    const headers = JSON.parse(content[0]?.text ?? '{}') as Record<string, string>
    expect(headers).toMatchObject({ 'mcp-name': 'echo', 'mcp-method': 'tools/call' })
    expect(headers).not.toHaveProperty('authorization')
  })
})

describe('real clients', () => {
  it.each(['legacy', 'modern', 'auto'] as const)('SDK v2, %s, lists and calls members of either era', async (era) => {
    const client = await connectSdkV2(hub(), { era, headers: as('ada') })
    expect(await client.listTools()).toEqual(expect.arrayContaining(['echo_echo', 'older_echo', 'older_greet']))
    expect((await client.callTool('echo_echo', {})).isError).toBe(false)
    expect(JSON.parse((await client.callTool('older_echo', { said: 'hi' })).text)).toMatchObject({
      input: { said: 'hi' },
    })
    await client.close()
  })
})

describe('people', () => {
  it('connect their own accounts, and nobody sees those of another', async () => {
    for (const person of ['ada', 'bob'] as const) {
      const refused = await callTool(hub(), tokens[person], 'notes_whoami')
      expect(refused.status).toBe(200)
      const link = findConnectLink(refused.text) ?? ''
      await connectPerson(link, { subject: person, account: `${person}@notes` })
    }
    for (const person of ['ada', 'bob'] as const) {
      const { text } = await callTool(hub(), tokens[person], 'notes_whoami')
      expect(text).toContain(`${person}@notes`)
    }
    expect(await listTools('ada')).toContain('notes_whoami')
  })
})

describe('a member that is down', () => {
  it('says so when it is called, and its event names it', async () => {
    const { status, message } = await callTool(hub(), tokens.ada, 'gone_anything')
    expect(status).toBe(200)
    expect(message?.result).toMatchObject({ isError: true })
    expect(JSON.stringify(message)).toContain('gone: The upstream cannot be reached. (upstream_unreachable)')
    const event = await gateway.waitForEvent(({ virtualServer }) => virtualServer === 'gone-server')
    expect(event).toMatchObject({ via: 'hub', upstream: '127.0.0.1:9', reason: 'upstream_unreachable', subject: 'ada' })
  })
})

it('shows the names that the project wrote down, and nothing else', async () => {
  const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('chosen'), 'ada')
  const listed = await postModern(gateway.server('chosen'), accessToken, 'tools/list')
  expect(listed.message?.result?.['tools']).toMatchObject([{ name: 'say' }])
  expect((await callTool(gateway.server('chosen'), accessToken, 'say')).text).toContain('mcp-name')
  for (const name of ['echo', 'echo_echo', 'older_echo']) {
    const { message } = await callTool(gateway.server('chosen'), accessToken, name)
    expect(message?.error).toMatchObject({ code: -32602, data: { reason: 'capability_unknown' } })
  }
})

it('a call ends with the connection of the member that it runs under', async () => {
  const held = callTool(hub(), tokens.bob, 'notes_hold').catch((error: unknown) => error)
  await account.waitForHeld(1)
  const browser = openBrowser()
  const page = await openPage(browser, `${gateway.publicUrl}/auth/connections`)
  await browser.post(page.url, { form_token: readFormToken(page), name: 'bob' })
  const disconnectPage = await openPage(browser, `${gateway.publicUrl}/auth/connections/notes/disconnect`)
  await browser.post(disconnectPage.url, { form_token: readFormToken(disconnectPage) })
  expect(await held).toBeInstanceOf(Error)
  expect(await listTools('bob')).toContain('notes_connect_notes')
  expect(await listTools('bob')).not.toContain('notes_whoami')
  expect(await listTools('ada')).toContain('notes_whoami')
})
