import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, completeSignIn, openBrowser, openPage } from '../harness/browser-login.ts'
import { connectPerson, followConnectLink } from '../harness/connect-person.ts'
import { callJsonTool, mustCall } from '../harness/connected-call.ts'
import { readFields } from '../harness/connection-pages.ts'
import { obtainToken, registerClient } from '../harness/obtain-token.ts'
import {
  type ProtectedUpstream,
  startProtectedUpstream,
} from '../harness/protected-upstream/start-protected-upstream.ts'
import { runCli, runCliWith } from '../harness/run-cli.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn, type TestPolicy } from '../harness/write-project.ts'

// The pages of the connections with a real gateway, a real upstream behind OAuth, and another behind keys.
let linear: ProtectedUpstream
let maps: ProtectedUpstream
let gateway: TestGateway

const credential = (id: string, authMode: string, more: object = {}): TestPolicy => [
  'mcp-token-exchange-inbound',
  { id, displayName: id.charAt(0).toUpperCase() + id.slice(1), authMode, ...more },
]

beforeAll(async () => {
  linear = await startProtectedUpstream({ behaviour: { primary: { login: 'page' } } })
  const owners = { 'key-of-ada-at-maps': 'ada', 'another-key-of-ada': 'ada' }
  const apiKeys = { header: 'authorization', scheme: 'Bearer', owners }
  maps = await startProtectedUpstream({ behaviour: { resource: { protection: 'api-key', apiKeys } } })
  gateway = await startTestGateway({
    servers: {
      linear: { upstream: linear.mcpUrl, inbound: ['sign-in', 'linear'] },
      wiki: { upstream: linear.mcpUrl, inbound: ['sign-in', 'wiki'] },
      maps: { upstream: maps.mcpUrl, inbound: ['sign-in', 'maps'] },
    },
    policies: {
      ...signIn(),
      linear: credential('linear', 'user-oauth', { summary: 'Issues' }),
      wiki: credential('wiki', 'shared-oauth'),
      maps: credential('maps', 'user-api-key', { apiKey: { helpUrl: 'https://maps.example/keys' } }),
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await linear.stop()
  await maps.stop()
})

const at = (path: string) => `${gateway.publicUrl}/auth/connections${path}`
const textOf = (html: string) =>
  html
    .replace(/<style>[\s\S]*<\/style>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')

/** A browser in which this person is signed in at the gateway. */
async function browserOf(subject: string): Promise<Browser> {
  const browser = openBrowser()
  const page = await openPage(browser, at(''))
  const answer = await browser.post(page.url, { ...readFields(page), name: subject })
  expect(answer.location?.pathname).toBe('/auth/connections')
  return browser
}

describe('a person', () => {
  it('signs in, connects, reconnects and disconnects from the list', async () => {
    const subject = 'lists'
    const browser = await browserOf(subject)
    const list = async () => textOf((await browser.get(at(''))).text)
    expect(await list()).toMatch(/Linear Not connected Issues/)
    const back = await connectPerson(at('/linear/connect'), { subject, browser })
    expect(textOf(back.text)).toMatch(/Linear is connected.*Linear Connected.*signed in at 127\.0\.0\.1/)
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('linear'), subject)
    expect(await mustCall(gateway.server('linear'), accessToken, 'whoami')).toMatchObject({ account: subject })
    await connectPerson(at('/linear/connect'), { subject, browser, account: 'their-other-account' })
    expect(await mustCall(gateway.server('linear'), accessToken, 'whoami')).toMatchObject({
      account: 'their-other-account',
    })
    expect(await linear.liveAccounts()).toContain('their-other-account')
    const form = readFields(await browser.get(at('/linear/disconnect')))
    await browser.post(at('/linear/disconnect'), form)
    expect(await list()).toMatch(/Linear Not connected/)
    expect(await linear.liveAccounts()).not.toContain('their-other-account')
    await expect(mustCall(gateway.server('linear'), accessToken, 'whoami')).rejects.toThrow(/asked to connect/)
    await gateway.waitForEvent((each) => each.type === 'auth_upstream_disconnected' && each.subject === subject)
    const types = gateway.events().filter((each) => each.subject === subject && each.type.startsWith('auth_upstream'))
    expect(types.map(({ type }) => type)).toEqual([
      'auth_upstream_connect_started',
      'auth_upstream_connected',
      'auth_upstream_connect_started',
      'auth_upstream_connected',
      'auth_upstream_disconnected',
    ])
  })

  it('is disconnected though the upstream does not answer', async () => {
    const subject = 'offline'
    const browser = await browserOf(subject)
    await connectPerson(at('/linear/connect'), { subject, browser })
    await linear.setBehaviour({ faults: [{ at: 'revoke', do: 'hang-up' }] })
    await browser.post(at('/linear/disconnect'), readFields(await browser.get(at('/linear/disconnect'))))
    await linear.setBehaviour({ faults: [] })
    expect(textOf((await browser.get(at(''))).text)).toMatch(/Linear Not connected/)
    const event = await gateway.waitForEvent(
      (each) => each.type === 'auth_upstream_disconnected' && each.subject === subject,
    )
    expect(event.detail).toBe('not revoked at the upstream')
  })

  it('reads why the upstream refused, and keeps what they had', async () => {
    const subject = 'refused'
    const browser = await browserOf(subject)
    await linear.setBehaviour({ primary: { refuse: true, login: 'page' } })
    const page = await followConnectLink(at('/linear/connect'), { subject, browser })
    await linear.setBehaviour({ primary: { refuse: false, login: 'page' } })
    expect(page.status).toBe(403)
    expect(page.text).toContain('connection_refused')
    expect(page.text).toContain(String(page.headers['x-request-id']))
  })

  it('connects before they allow a client, and comes back to the decision', async () => {
    const subject = 'consents'
    const browser = openBrowser()
    const clientId = await registerClient(gateway.publicUrl, 'http://127.0.0.1:53111/callback')
    const authorize = new URL(`${gateway.publicUrl}/oauth/authorize`)
    authorize.search = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: 'http://127.0.0.1:53111/callback',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      resource: gateway.server('linear'),
    }).toString()
    const login = await openPage(browser, authorize)
    const signedIn = await browser.post(login.url, { ...readFields(login), name: subject })
    const consent = await openPage(browser, signedIn.location ?? '')
    const connect = /href="([^"]*\/auth\/connections\/linear\/connect[^"]*)"/.exec(consent.text)?.[1]
    const link = new URL((connect ?? '').replaceAll('&amp;', '&'), gateway.publicUrl)
    const back = await followConnectLink(link, { subject, browser })
    expect(back.url.pathname).toBe(consent.url.pathname)
    expect(textOf(back.text)).toContain('Connected')
    const landed = await completeSignIn(back.url, { subject, browser })
    expect(landed.searchParams.get('code')).toBeTruthy()
  })

  it('may follow a link as somebody else, and then as whom it was made for', async () => {
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('linear'), 'rightful')
    const asked = await callJsonTool(gateway.server('linear'), accessToken, 'whoami')
    if (!('link' in asked)) throw new Error('was not asked to connect')
    const browser = await browserOf('somebody-else')
    const page = await browser.get(asked.link)
    expect([page.status, page.text.includes('connection_link_invalid')]).toEqual([403, true])
    expect(page.text).not.toContain('rightful')
    const onward = /href="([^"]*switch=1)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    await connectPerson(new URL(onward, gateway.publicUrl), { subject: 'rightful', browser })
    expect(await mustCall(gateway.server('linear'), accessToken, 'whoami')).toMatchObject({ account: 'rightful' })
    expect((await followConnectLink(asked.link, { subject: 'rightful', browser })).status).toBe(403)
  })

  it('stores a key, which is tried at the upstream at once', async () => {
    const browser = await browserOf('ada')
    const wrong = await followConnectLink(at('/maps/key'), { subject: 'ada', browser, key: 'not-a-key' })
    expect([wrong.status, wrong.text.includes('credential_key_rejected')]).toEqual([400, true])
    await connectPerson(at('/maps/connect'), { subject: 'ada', browser, key: 'key-of-ada-at-maps' })
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('maps'), 'ada')
    expect(await mustCall(gateway.server('maps'), accessToken, 'whoami')).toMatchObject({ account: 'ada' })
  })
})

describe('the command line', () => {
  const cli = (...args: string[]) => runCli('connections', ...args)

  it('stores, lists and removes a key of a person', async () => {
    const input = 'another-key-of-ada\n'
    const stored = await runCliWith(input, 'connections', 'set-key', 'maps', gateway.directory, '--subject', 'cli-ada')
    expect([stored.code, stored.out, stored.errors]).toEqual([0, 'stored the key\n', ''])
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('maps'), 'cli-ada')
    expect(await mustCall(gateway.server('maps'), accessToken, 'whoami')).toMatchObject({ account: 'ada' })
    const listed = await cli('list', gateway.directory, '--subject', 'cli-ada', '--json')
    expect(JSON.parse(listed.out)).toMatchObject([
      { upstream: 'maps', owner: 'subject:cli-ada', kind: 'api-key', state: 'connected', tenant: 'default' },
    ])
    expect(listed.out).not.toContain('another-key-of-ada')
    expect((await cli('list', gateway.directory)).out).toMatch(/UPSTREAM +OWNER.*\n(.*\n)*maps +cli-ada/)
    const revoked = await cli('revoke', 'maps', gateway.directory, '--subject', 'cli-ada')
    expect(revoked.out).toBe('removed the connection to maps: the key stays valid at the upstream\n')
    const isAsked = () =>
      mustCall(gateway.server('maps'), accessToken, 'whoami').then(
        () => false,
        () => true,
      )
    await waitUntil('the key is forgotten', isAsked)
    for (const type of ['auth_upstream_connected', 'auth_upstream_disconnected']) {
      const event = await gateway.waitForEvent((each) => each.type === type && each.subject === 'cli-ada')
      expect(event).toMatchObject({
        credentialMode: 'user-api-key',
        detail: expect.stringContaining('command line') as string,
      })
    }
  })

  it('revokes the tokens of a removed connection at the upstream', async () => {
    await connectPerson(at('/linear/connect'), { subject: 'to-be-removed', browser: await browserOf('to-be-removed') })
    expect(await linear.liveAccounts()).toContain('to-be-removed')
    const { out } = await cli('revoke', 'linear', gateway.directory, '--subject', 'to-be-removed')
    expect(out).toBe('removed the connection to linear: revoked at the upstream\n')
    expect(await linear.liveAccounts()).not.toContain('to-be-removed')
  })

  it('prints a link for the account of everybody, for one person, once', async () => {
    const { out } = await cli('connect', 'wiki', gateway.directory, '--url', gateway.publicUrl, '--json')
    const { url } = JSON.parse(out) as { url: string }
    await connectPerson(url, { subject: 'grace', account: 'company', browser: await browserOf('grace') })
    const again = await followConnectLink(url, { subject: 'grace', browser: await browserOf('grace') })
    expect(again.status).toBe(403)
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('wiki'), 'bob')
    expect(await mustCall(gateway.server('wiki'), accessToken, 'whoami')).toMatchObject({ account: 'company' })
    const { out: table } = await cli('list', gateway.directory, '--shared')
    expect(table).toMatch(/wiki +everybody +default +connected/)
  })

  it.each([
    [['set-key', 'linear', '--subject', 'ada'], 'stores no key'],
    [['set-key', 'maps', '--shared'], 'a key for each person'],
    [['set-key', 'maps'], 'say whose connection'],
    [['set-key', 'none', '--shared'], 'it has: linear'],
    [['connect', 'linear', '--url', 'http://127.0.0.1'], 'connected by each person'],
    [['connect', 'wiki'], '--url'],
    [['revoke', 'linear', '--subject', 'nobody'], 'no such connection'],
    [['revoke', 'linear', '--subject', 'a', '--shared'], 'say whose connection'],
  ])('says what is wrong with %j', async ([command = '', upstream = '', ...flags], message) => {
    const { code, errors } = await cli(command, upstream, gateway.directory, ...flags)
    expect(code).toBe(1)
    expect(errors).toContain(message)
  })

  it('stores no key that the upstream rejects, and prints none', async () => {
    const args = ['connections', 'set-key', 'maps', gateway.directory, '--subject', 'ada2']
    const { code, errors, out } = await runCliWith('a-key-that-is-wrong', ...args)
    expect(code).toBe(1)
    expect(errors).toContain('does not accept this key')
    expect(errors + out).not.toContain('a-key-that-is-wrong')
    expect((await runCliWith('', ...args)).errors).toContain('no key was given')
  })
})

describe('from the computer of a person', () => {
  it('an upstream that only answers to loopback is connected, and the command keeps nothing', async () => {
    const subject = 'local'
    await linear.setBehaviour({ primary: { login: 'page', expiresIn: 1 } })
    const browser = await browserOf(subject)
    const main = join(import.meta.dirname, '../../src/main.ts')
    const child = spawn(process.execPath, [main, 'connect', gateway.publicUrl, 'linear', '--no-open'])
    let printed = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (printed += chunk.toString()))
    const exited = new Promise<number | null>((resolve) => child.on('close', resolve))
    const link = await waitUntil('the address', () => /http:\S+/.exec(printed)?.[0])
    const passed: URL[] = []
    const page = await connectPerson(link, { subject, browser, onStep: (url) => void passed.push(url) })
    expect(textOf(page.text)).toContain('Linear is connected')
    expect(await exited).toBe(0)
    expect(printed).toContain('connected linear')
    const local = passed.filter(
      ({ pathname, port }) => pathname === '/callback' && port === new URL(link).searchParams.get('local'),
    )
    expect(local).toHaveLength(1)
    for (const secret of await linear.secrets()) expect(printed).not.toContain(secret)
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('linear'), subject)
    expect(await mustCall(gateway.server('linear'), accessToken, 'whoami')).toMatchObject({ account: subject })
    // The client that was registered for the loopback address also refreshes.
    await waitUntil('the token is refreshed', async () => {
      await mustCall(gateway.server('linear'), accessToken, 'whoami')
      return (await linear.counts()).primary.tokensIssued['refresh_token']
    })
    await linear.setBehaviour({ primary: { login: 'page', expiresIn: true } })
  })
})

describe('where the pages are', () => {
  it('below the base path of the project, also for the callback and the cookie', async () => {
    const based = await startTestGateway({
      settings: { basePath: '/gw' },
      servers: { linear: { upstream: linear.mcpUrl, inbound: ['sign-in', 'linear'] } },
      policies: { ...signIn(), linear: credential('linear', 'user-oauth') },
    })
    const passed: string[] = []
    const onStep = ({ origin, pathname }: URL) => void (origin === based.publicUrl && passed.push(pathname))
    await connectPerson(`${based.publicUrl}/gw/auth/connections/linear/connect`, { subject: 'based', onStep })
    expect(passed).toContain('/gw/auth/connections/callback')
    expect(passed.every((path) => path.startsWith('/gw/'))).toBe(true)
    expect((await openBrowser().get(`${based.publicUrl}/auth/connections`)).status).toBe(404)
    await based.close()
  })

  it('nowhere in a project that nobody signs in to', async () => {
    const open = await startTestGateway({ servers: { linear: { upstream: linear.mcpUrl, inbound: [] } } })
    const answer = await openBrowser().get(`${open.publicUrl}/auth/connections`)
    expect([answer.status, answer.text.includes('route_not_found')]).toEqual([404, true])
    await open.close()
  })
})
