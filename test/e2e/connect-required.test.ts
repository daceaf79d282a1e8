import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { completeSignIn, openBrowser, openPage, readFormToken } from '../harness/browser-login.ts'
import { connectPerson, findConnectLink } from '../harness/connect-person.ts'
import { connectAndCall } from '../harness/connected-call.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import {
  type ProtectedUpstream,
  startProtectedUpstream,
} from '../harness/protected-upstream/start-protected-upstream.ts'
import type { RealClient } from '../harness/real-client.ts'
import { connectSdkV1, createSdkV1Memory } from '../harness/sdk-v1-client.ts'
import { type ClientEra, connectSdkV2, createSdkV2Memory } from '../harness/sdk-v2-client.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { signIn, type TestProject } from '../harness/write-project.ts'

// Clients of every kind meet an upstream to which their person is not connected yet. None of them may fail to start, all must learn
// the link, and all go on afterwards without beginning anew.
let upstream: ProtectedUpstream
let gateway: TestGateway
beforeEach(async () => {
  upstream = await startProtectedUpstream({ behaviour: { primary: { login: 'page' } } })
  gateway = await startTestGateway(project(['sign-in', 'account']))
})
afterEach(async () => {
  await gateway.close()
  await upstream.stop()
})

const project = (inbound: readonly string[]): TestProject => ({
  servers: { notes: { upstream: upstream.mcpUrl, inbound } },
  policies: {
    ...signIn(),
    account: ['mcp-token-exchange-inbound', { id: 'notes', displayName: 'Notes', authMode: 'user-oauth' }],
    curated: ['mcp-capability-filter-inbound', { tools: ['whoami'] }],
  },
})

const signInAsAda = (authorizationUrl: URL) => completeSignIn(authorizationUrl, { subject: 'ada' })
const server = () => gateway.server('notes')
const connectAs = (account: string) => (link: string) =>
  connectPerson(link, { subject: 'ada', account }).then(() => undefined)
const v2 = (era: ClientEra, openLink?: (url: string) => Promise<void>) =>
  connectSdkV2(server(), { era, memory: createSdkV2Memory(signInAsAda), ...(openLink && { openLink }) })
const v1 = (elicitsUrls: boolean) => connectSdkV1(server(), createSdkV1Memory(signInAsAda), {}, elicitsUrls)

const textClients: { readonly [name: string]: () => Promise<RealClient> } = {
  'SDK v1': () => v1(false),
  'SDK v2, legacy': () => v2('legacy'),
  'SDK v2, auto': () => v2('auto'),
  'SDK v2, modern': () => v2('modern'),
}

const errorClients: { readonly [name: string]: () => Promise<RealClient> } = {
  'SDK v1': () => v1(true),
  'SDK v2, legacy': () => v2('legacy', () => Promise.reject(new Error('2025-11-25 has no question here'))),
}

async function disconnect(subject: string): Promise<void> {
  const browser = openBrowser()
  const signInPage = await openPage(browser, `${gateway.publicUrl}/auth/connections`)
  await browser.post(signInPage.url, { form_token: readFormToken(signInPage), name: subject })
  const page = await openPage(browser, `${gateway.publicUrl}/auth/connections/notes/disconnect`)
  await browser.post(page.url, { form_token: readFormToken(page) })
}

const expectAccount = async (client: RealClient, account: string): Promise<void> => {
  const { text, isError } = await client.callTool('whoami', {})
  expect(isError, text).toBe(false)
  expect(JSON.parse(text)).toMatchObject({ account })
}

describe('a client without a connection', () => {
  it.each(Object.entries(textClients))('%s starts, lists, learns the link in text, and goes on', async (_, start) => {
    const client = await start()
    expect(await client.listTools()).toEqual(['connect_notes'])
    const refused = await client.callTool('connect_notes', {})
    expect(refused.isError).toBe(true)
    await connectPerson(findConnectLink(refused.text) ?? '', { subject: 'ada', account: 'ada@notes' })
    expect((await client.callTool('connect_notes', {})).text).toContain('is connected')
    const tools = await client.listTools()
    expect(tools).toContain('whoami')
    expect(tools).not.toContain('connect_notes')
    await expectAccount(client, 'ada@notes')
    await client.close()
  })

  it.each(Object.entries(errorClients))('%s with elicitation.url receives the link as an error', async (_, start) => {
    const client = await start()
    const error = await client.callTool('whoami', {}).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: -32042,
      elicitations: [{ mode: 'url', message: 'Connect Notes to continue.' }],
    })
    const [{ url } = { url: '' }] = (error as { elicitations: { url: string }[] }).elicitations
    await connectPerson(url, { subject: 'ada', account: 'ada@notes' })
    await expectAccount(client, 'ada@notes')
    await client.close()
  })

  it.each(['modern', 'auto'] as const)('SDK v2, %s, with elicitation.url connects within the call', async (era) => {
    const client = await v2(era, connectAs('ada@notes'))
    await expectAccount(client, 'ada@notes')
    await client.close()
  })

  it('leaves events that say so', async () => {
    const client = await v2('modern', connectAs('ada@notes'))
    await expectAccount(client, 'ada@notes')
    await client.close()
    const ofCalls = () => gateway.events().filter(({ capability }) => capability === 'whoami')
    await expect.poll(() => ofCalls().length, { timeout: 5000 }).toBe(2)
    const [first, second] = ofCalls()
    const common = { credentialMode: 'user-oauth', subject: 'ada', httpStatus: 200 }
    expect(first).toMatchObject({
      ...common,
      outcome: 'connect_required',
      reason: 'connection_required',
      type: 'capability_failed',
    })
    expect(second).toMatchObject({ ...common, outcome: 'success', reason: null, type: 'capability_completed' })
  })
})

describe('a connection that ends', () => {
  it('takes the calls along that run under it', async () => {
    const { accessToken } = await obtainToken(gateway.publicUrl, server(), 'ada')
    const held = connectAndCall(server(), accessToken, 'hold', { subject: 'ada' }).catch((error: unknown) => error)
    await upstream.waitForHeld(1)
    await disconnect('ada')
    expect(await held).toBeInstanceOf(Error)
    const event = await gateway.waitForEvent(
      ({ capability, outcome }) => capability === 'hold' && outcome !== 'connect_required',
    )
    expect(event).toMatchObject({ outcome: 'cancelled', reason: 'request_cancelled' })
  })

  it.each(Object.entries(textClients))('%s keeps the list, and goes on with another account', async (_, start) => {
    const client = await start()
    const connect = async (tool: string, account: string) => {
      const { text } = await client.callTool(tool, {})
      await connectPerson(findConnectLink(text) ?? '', { subject: 'ada', account })
    }
    await connect('connect_notes', 'first@notes')
    const tools = await client.listTools()
    expect(tools).toContain('whoami')
    await expectAccount(client, 'first@notes')
    await upstream.killGrants()
    expect((await client.callTool('whoami', {})).text).toContain('Connect Notes again')
    expect(await client.listTools()).toEqual(tools)
    await connect('whoami', 'second@notes')
    await expectAccount(client, 'second@notes')
    await client.close()
  })
})

it('a curated server shows of the last known tools what it offers, and the tool that connects all the same', async () => {
  await gateway.reload(project(['sign-in', 'curated', 'account']))
  const client = await v2('modern')
  expect(await client.listTools()).toEqual(['connect_notes'])
  const { text } = await client.callTool('connect_notes', {})
  await connectPerson(findConnectLink(text) ?? '', { subject: 'ada', account: 'ada@notes' })
  expect(await client.listTools()).toEqual(['whoami'])
  await upstream.killGrants()
  await client.callTool('whoami', {})
  expect(await client.listTools()).toEqual(['whoami'])
  await expect(client.callTool('echo_headers', {})).rejects.toThrow('Unknown tool')
  await client.close()
})
