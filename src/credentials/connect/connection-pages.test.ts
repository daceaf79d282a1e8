import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type RunningConnectionPages,
  readFields,
  setOut,
  startConnectionPages,
} from '../../../test/harness/connection-pages.ts'
import { oauthCredentialOf } from '../../../test/harness/open-brokers.ts'
import { GatewayError } from '../../errors/gateway-error.ts'

let running: RunningConnectionPages
beforeAll(async () => {
  running = await startConnectionPages()
})
afterAll(() => running.close())

const at = (path: string) => `${running.url}/auth/connections${path}`
const placeOf = (name: string, upstream: string, tenant = 'default') => ({ tenant, upstream, owner: `subject:${name}` })
const credential = { kind: 'api-key', key: 'k', url: 'https://linear.example/mcp' } as const
const account = oauthCredentialOf(Date.now(), { resource: undefined })
const textOf = (html: string) =>
  html
    .replace(/<style>[\s\S]*<\/style>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')

describe('the list', () => {
  test('shows every upstream that somebody connects, with its state, and nothing else', async () => {
    const text = textOf((await running.browserOf('new').get(at(''))).text)
    expect(text).toMatch(/Linear Not connected.*your own account.*Connect/)
    expect(text).toMatch(/Maps Not connected.*a key of your own.*Store key/)
    expect(text).toMatch(/Wiki Waits for an administrator.*one account for everybody/)
    expect(text).not.toContain('Ledger')
  })

  test('shows scopes, issuer, since when and the last use of a connection, and never its secret', async () => {
    const browser = running.browserOf('ada')
    const state = (await setOut(browser, at('/linear/connect'))).searchParams.get('state')
    await browser.get(at(`/callback?code=very-secret-token&state=${state}`))
    const [record] = await running.connections.list({ owner: 'subject:ada', limit: 1 })
    await running.storage.connections.markUsed([{ id: record?.id ?? '', atMs: Date.UTC(2026, 0, 2, 3, 4) }])
    const { text } = await browser.get(at('?upstream=linear&notice=connected'))
    expect(textOf(text)).toMatch(/Linear is connected\. You may close this page/)
    expect(textOf(text)).toMatch(/Linear Connected.*signed in at as\.example.*read write.*2026-01-02 03:04 UTC/)
    expect(text).toContain('/auth/connections/linear/disconnect')
    expect(text).toContain('Reconnect')
    expect(text).not.toContain('very-secret-token')
  })

  test('says why a connection must be made again', async () => {
    const connection = await running.connections.put(placeOf('bob', 'linear'), account, 'bob')
    await running.connections.requireConsent(connection, 'connection_reconsent_required')
    const { text } = await running.browserOf('bob').get(at(''))
    expect(textOf(text)).toMatch(/Linear Connect again Connect your account again\. connection_reconsent_required/)
  })

  test('of one person says nothing of another', async () => {
    await running.connections.put(placeOf('carol', 'notes'), account, 'carol')
    expect(textOf((await running.browserOf('dave').get(at(''))).text)).toMatch(/Notes Not connected/)
    expect(textOf((await running.browserOf('carol@acme').get(at(''))).text)).toMatch(/Notes Not connected/)
  })

  test('of somebody whose claims name no tenant has their connections of all tenants', async () => {
    await running.connections.put(placeOf('erin', 'notes', 'acme'), account, 'erin')
    const browser = running.browserOf('erin@')
    expect(textOf((await browser.get(at(''))).text)).toMatch(
      /Notes \(acme\) Connected.*Notes \(default\) Not connected/,
    )
    const form = readFields(await browser.get(at('/notes/disconnect?tenant=acme')))
    expect(form['tenant']).toBe('acme')
    expect((await browser.post(at('/notes/disconnect'), form)).status).toBe(303)
    expect(await running.connections.find(placeOf('erin', 'notes', 'acme'))).toBeUndefined()
  })

  test('asks who it is first', async () => {
    const answer = await running.browserOf('x').get(at(''))
    expect(answer.status).toBe(200)
    const { openBrowser } = await import('../../../test/harness/browser-login.ts')
    expect((await openBrowser().get(at(''))).location?.searchParams.get('returnPath')).toBe('/auth/connections')
  })
})

describe('connecting again', () => {
  test('replaces the connection as a whole', async () => {
    const browser = running.browserOf('frank')
    for (const code of ['first', 'second']) {
      const state = (await setOut(browser, at('/linear/connect'))).searchParams.get('state')
      await browser.get(at(`/callback?code=${code}&state=${state}`))
    }
    expect(await running.connections.list({ owner: 'subject:frank', limit: 9 })).toHaveLength(1)
    expect(await running.connections.find(placeOf('frank', 'linear'))).toMatchObject({
      credential: { accessToken: 'second' },
      record: { state: 'connected', connectedBy: 'frank', issuer: 'https://as.example', scopes: ['read', 'write'] },
    })
  })

  test('asks for what a ticket asks for besides', async () => {
    const ticket = running.tickets.create({ ...placeOf('frank', 'linear'), scopes: ['admin'] })
    const browser = running.browserOf('frank')
    const page = await browser.get(at(`/linear/connect?ticket=${ticket}`))
    expect(textOf(page.text)).toContain('a permission that your connection does not have: admin')
    await setOut(browser, page.url)
    expect(running.begun.at(-1)).toMatchObject({ scopes: ['admin'], tenant: 'default' })
  })

  test('leaves an event at each step, with mode and upstream', async () => {
    const browser = running.browserOf('grace')
    const from = running.events.length
    const state = (await setOut(browser, at('/linear/connect'))).searchParams.get('state')
    await browser.get(at(`/callback?code=c&state=${state}`))
    await browser.post(at('/linear/disconnect'), readFields(await browser.get(at('/linear/disconnect'))))
    const common = { subject: 'grace', upstream: 'linear.example', credentialMode: 'user-oauth', outcome: 'success' }
    expect(running.events.slice(from)).toMatchObject([
      { ...common, type: 'auth_upstream_connect_started' },
      { ...common, type: 'auth_upstream_connected' },
      { ...common, type: 'auth_upstream_disconnected', detail: 'revoked at the upstream' },
    ])
  })
})

describe('disconnecting', () => {
  test('asks first, then removes here and revokes there', async () => {
    const browser = running.browserOf('heidi')
    const state = (await setOut(browser, at('/linear/connect'))).searchParams.get('state')
    await browser.get(at(`/callback?code=heidis-token&state=${state}`))
    const page = await browser.get(at('/linear/disconnect'))
    expect(page.text).toContain('Disconnect Linear?')
    expect(await running.connections.find(placeOf('heidi', 'linear'))).toBeDefined()
    const answer = await browser.post(at('/linear/disconnect'), readFields(page))
    expect(answer.headers['location']).toBe('/auth/connections?upstream=linear&notice=disconnected')
    expect(await running.connections.find(placeOf('heidi', 'linear'))).toBeUndefined()
    expect(running.revoked).toContain('heidis-token')
  })

  test('what is not connected leads back to the list, and twice is once', async () => {
    const browser = running.browserOf('ivan')
    expect((await browser.get(at('/linear/disconnect'))).location?.pathname).toBe('/auth/connections')
    await running.connections.put(placeOf('ivan', 'linear'), credential, 'ivan')
    const form = readFields(await browser.get(at('/linear/disconnect')))
    await browser.post(at('/linear/disconnect'), form)
    const before = running.events.length
    expect((await browser.post(at('/linear/disconnect'), form)).status).toBe(303)
    expect(running.events.length).toBe(before)
  })

  test('what serves everybody is not for one person to remove', async () => {
    await running.connections.put({ tenant: 'default', upstream: 'wiki', owner: 'shared' }, credential, 'admin')
    expect((await running.browserOf('ivan').get(at('/wiki/disconnect'))).status).toBe(404)
  })
})

describe('a key', () => {
  const store = async (name: string, key: string, query = '') => {
    const browser = running.browserOf(name)
    const form = readFields(await browser.get(at(`/maps/key${query}`)))
    return browser.post(at('/maps/key'), { ...form, key })
  }

  test('is tried, stored and never shown', async () => {
    running.keyVerdict = 'accepted'
    const answer = await store('judy', '  key-of-judy\n')
    expect(answer.headers['location']).toBe('/auth/connections?upstream=maps&notice=connected')
    expect(await running.connections.find(placeOf('judy', 'maps'))).toMatchObject({
      credential: { kind: 'api-key', key: 'key-of-judy', url: 'https://maps.example/mcp' },
    })
    const page = await running.browserOf('judy').get(at('/maps/key'))
    expect(page.text).toContain('Replace your key for Maps')
    expect(page.text).toContain('href="https://maps.example/keys"')
    expect(page.text).toMatch(/<input type="password" [^>]*autocomplete="off"/)
    expect(page.text).not.toContain('key-of-judy')
  })

  test('that the upstream rejects is not stored; the page says so, and does not repeat it', async () => {
    running.keyVerdict = 'rejected'
    const answer = await store('judy', 'wrong-key')
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('credential_key_rejected')
    expect(answer.text).not.toContain('wrong-key')
    expect(await running.connections.find(placeOf('judy', 'maps'))).toMatchObject({
      credential: { key: 'key-of-judy' },
    })
    expect(running.events.at(-1)).toMatchObject({ type: 'auth_upstream_failed', reason: 'credential_key_rejected' })
  })

  test('that could not be tried is stored, and the page says that too', async () => {
    running.keyVerdict = 'untried'
    const answer = await store('judy', 'perhaps-a-key')
    const page = await running.browserOf('judy').get(answer.location ?? '')
    expect(textOf(page.text)).toContain('could not be asked whether it is valid')
    expect(await running.connections.find(placeOf('judy', 'maps'))).toMatchObject({
      credential: { key: 'perhaps-a-key' },
    })
  })

  test.each(['', '   ', 'two\nlines', 'nul\0', 'ü', 'x'.repeat(9000)])('is not %j', async (key) => {
    running.keyVerdict = 'accepted'
    expect((await store('kim', key)).status).toBe(400)
    expect(await running.connections.find(placeOf('kim', 'maps'))).toBeUndefined()
  })

  test('given from a consent page leads back to it, by a page of its own', async () => {
    running.keyVerdict = 'accepted'
    const answer = await store('leo', 'key', '?return=/oauth/consent/AAAAAAAAAAAAAAAAAAAAA')
    expect([answer.status, answer.headers['refresh']]).toEqual([200, '0;url=/oauth/consent/AAAAAAAAAAAAAAAAAAAAA'])
  })

  test('for an upstream of accounts has no page, and an account for one of keys leads to the key', async () => {
    const browser = running.browserOf('leo')
    expect((await browser.get(at('/linear/key'))).status).toBe(404)
    expect((await browser.get(at('/maps/connect'))).headers['location']).toBe('/auth/connections/maps/key')
  })
})

describe('from the computer of the person', () => {
  const nonce = 'A'.repeat(22)

  test('the upstream answers to the loopback listener, which knows its own by the end of the state', async () => {
    const browser = running.browserOf('mia')
    const page = await browser.get(at(`/linear/connect?local=33719&nonce=${nonce}`))
    expect(textOf(page.text)).toContain('program on this computer (port 33719)')
    const away = await setOut(browser, page.url)
    expect(running.begun.at(-1)?.redirectUri).toBe('http://127.0.0.1:33719/callback')
    const state = away.searchParams.get('state') ?? ''
    expect(state.endsWith(`.${nonce}`)).toBe(true)
    const answer = await browser.get(at(`/callback?code=c&state=${state}`))
    expect(answer.headers['location']).toBe(`http://127.0.0.1:33719/connected?nonce=${nonce}`)
  })

  test('a failure offers another try with the same listener', async () => {
    const browser = running.browserOf('mia')
    const away = await setOut(browser, at(`/linear/connect?local=33719&nonce=${nonce}`))
    running.fail('finish', new GatewayError('connection_refused'))
    const answer = await browser.get(at(`/callback?error=access_denied&state=${away.searchParams.get('state')}`))
    running.fail('finish', undefined)
    expect(answer.text).toContain(`local=33719&amp;nonce=${nonce}`)
  })

  test.each([
    'local=80',
    'local=33718',
    'local=33727',
    'local=x',
    'local=33719.5',
    `local=33719`,
    'local=33719&nonce=short',
  ])('%s is no listener', async (query) => {
    const separator = query.includes('nonce') ? '' : `&nonce=${query === 'local=33719' ? '' : nonce}`
    await setOut(running.browserOf('mia'), at(`/linear/connect?${query}${separator}`))
    expect(running.begun.at(-1)?.redirectUri).toBe(`${running.url}/auth/connections/callback`)
  })
})

test.each([
  '/nothing',
  '/linear',
  '/linear/other',
  '/linear/connect/more',
  '/Linear/connect',
  '/ledger/connect',
  '/none/key',
])('%s is not there', async (path) => {
  const answer = await running.browserOf('ada').get(at(path))
  expect(answer.status).toBe(404)
  expect(answer.text).toContain('route_not_found')
})

test('an upstream that does not register the gateway leaves another way, and the list', async () => {
  running.fail('begin', new GatewayError('credential_registration_refused', { detail: 'no' }))
  const browser = running.browserOf('nina')
  const page = await browser.get(at('/linear/connect'))
  const answer = await browser.post(page.url, readFields(page))
  running.fail('begin', undefined)
  expect(answer.status).toBe(502)
  expect(answer.text).toContain(`sallyport connect ${running.url} linear`)
  expect(answer.text).toContain('<a href="/auth/connections">Your connections</a>')
})

test('a failure of the gateway itself is a page with the request id, and says nothing of its cause', async () => {
  const said: unknown[] = []
  const log = { debug() {}, info() {}, warn() {}, error: (fields: unknown) => void said.push(fields) }
  const broken = await startConnectionPages({
    log,
    tryKey: () => Promise.reject(new Error('cause with a secret')),
  })
  const browser = broken.browserOf('ada')
  const url = `${broken.url}/auth/connections/maps/key`
  const answer = await browser.post(url, { ...readFields(await browser.get(url)), key: 'k' })
  expect(answer.status).toBe(500)
  expect(answer.text).toContain(String(answer.headers['x-request-id']))
  expect(answer.text).not.toContain('cause with a secret')
  expect(said).toHaveLength(1)
  await broken.close()
})
