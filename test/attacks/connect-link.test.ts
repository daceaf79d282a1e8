import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBrowser } from '../harness/browser-login.ts'
import { type RunningConnectionPages, readFields, setOut, startConnectionPages } from '../harness/connection-pages.ts'

// A connect link works once, for ten minutes, for the person whose token made it, and begins nothing by itself.
let running: RunningConnectionPages
beforeAll(async () => {
  running = await startConnectionPages()
})
afterAll(() => running.close())

const ticketOf = (subject: string, upstream = 'linear', tenant = 'default') =>
  running.tickets.create({ tenant, upstream, owner: `subject:${subject}`, virtualServer: 'linear-server' })
const linkOf = (ticket: string, upstream = 'linear', page = 'connect') =>
  `${running.url}/auth/connections/${upstream}/${page}?ticket=${ticket}`

describe('a connect link', () => {
  test('leads the person it was made for to a page, and no further by itself', async () => {
    const page = await running.browserOf('ada').get(linkOf(ticketOf('ada')))
    expect(page.status).toBe(200)
    expect(page.headers['refresh']).toBeUndefined()
    expect(page.text).toContain('Connect Linear to Sallyport?')
    expect(page.text).toContain('ada')
    expect(running.begun).toEqual([])
  })

  test('that was stolen does nothing for another person, and names nobody', async () => {
    const ticket = ticketOf('victim-with-a-name')
    const thief = running.browserOf('mallory')
    const page = await thief.get(linkOf(ticket))
    expect(page.status).toBe(403)
    expect(page.text).toContain('connection_link_invalid')
    expect(page.text).not.toContain('victim-with-a-name')
    expect(page.text).toContain('switch=1')
    const own = await thief.get(`${running.url}/auth/connections/linear/connect`)
    const form = { ...readFields(own), ticket }
    const sent = await thief.post(`${running.url}/auth/connections/linear/connect`, form)
    expect(sent.status).toBe(403)
    expect(running.begun).toEqual([])
    expect(running.events.at(-1)).toMatchObject({
      type: 'auth_upstream_failed',
      reason: 'connection_link_invalid',
      subject: 'mallory',
    })
  })

  test('of one tenant does nothing for the same name in another', async () => {
    expect((await running.browserOf('ada@acme').get(linkOf(ticketOf('ada')))).status).toBe(403)
    expect((await running.browserOf('ada').get(linkOf(ticketOf('ada', 'linear', 'acme')))).status).toBe(403)
  })

  test('works once: after the person set out it is used up, in their own browser too', async () => {
    const link = linkOf(ticketOf('ada'))
    const browser = running.browserOf('ada')
    const earlier = await browser.get(link)
    await setOut(browser, link)
    const again = await browser.get(link)
    expect(again.status).toBe(403)
    expect(again.text).toContain('connection_link_invalid')
    const form = readFields(earlier)
    expect((await browser.post(`${running.url}/auth/connections/linear/connect`, form)).status).toBe(403)
  })

  test('sent twice at the same moment sets out once', async () => {
    const before = await running.storage.oauth.count('UpstreamConnect')
    const browser = running.browserOf('ada')
    const form = readFields(await browser.get(linkOf(ticketOf('ada'))))
    const post = () => browser.post(`${running.url}/auth/connections/linear/connect`, form)
    const answers = await Promise.all([post(), post(), post()])
    expect(answers.map(({ status }) => status).sort((one, other) => one - other)).toEqual([200, 403, 403])
    expect(await running.storage.oauth.count('UpstreamConnect')).toBe(before + 1)
  })

  test('is not used up by looking at it, nor by an upstream that is down', async () => {
    const link = linkOf(ticketOf('ada'))
    const browser = running.browserOf('ada')
    await browser.get(link)
    await browser.get(link)
    const { GatewayError } = await import('../../src/errors/gateway-error.ts')
    running.fail('begin', new GatewayError('credential_provider_unreachable', { detail: 'down' }))
    const form = readFields(await browser.get(link))
    const failed = await browser.post(`${running.url}/auth/connections/linear/connect`, form)
    expect(failed.status).toBe(502)
    expect(failed.text).toContain('credential_provider_unreachable')
    running.fail('begin', undefined)
    expect((await setOut(browser, link)).host).toBe('as.example')
  })

  test('is too old after ten minutes', async () => {
    const link = linkOf(ticketOf('ada'))
    running.now += 10 * 60 * 1000 + 1
    const page = await running.browserOf('ada').get(link)
    expect(page.status).toBe(403)
    expect(page.text).toContain('connection_link_invalid')
  })

  test.each([
    ['another upstream', () => linkOf(ticketOf('ada', 'notes'))],
    ['nothing at all', () => linkOf('AAAA')],
    ['an altered byte', () => linkOf(`${ticketOf('ada').slice(0, -2)}AA`)],
    ['a ticket that is too long', () => linkOf('A'.repeat(5000))],
  ])('with %s in it is none', async (_what, link) => {
    const page = await running.browserOf('ada').get(link())
    // A ticket of an impossible length is not read at all: the person may still connect their own account.
    expect(page.text.includes('connection_link_invalid') || !page.text.includes('name="ticket"')).toBe(true)
  })

  test('asks who is signed in before it says anything', async () => {
    const answer = await openBrowser().get(linkOf(ticketOf('ada')))
    expect(answer.location?.pathname).toBe('/stand-in-sign-in')
    const returnPath = new URL(answer.location?.searchParams.get('returnPath') ?? '', running.url)
    expect(returnPath.pathname).toBe('/auth/connections/linear/connect')
    expect([...returnPath.searchParams.keys()]).toEqual(['ticket'])
  })

  test('of the wrong person offers to sign in as somebody else', async () => {
    const answer = await running.browserOf('mallory').get(`${linkOf(ticketOf('ada'))}&switch=1`)
    expect(answer.location?.searchParams.get('switchPerson')).toBe('true')
    expect(answer.location?.searchParams.get('returnPath')).not.toContain('switch')
  })
})

describe('the connection that serves everybody', () => {
  const shared = (tenant = 'default') => running.tickets.create({ tenant, upstream: 'wiki', owner: 'shared' })

  test('cannot be made without the link of an administrator', async () => {
    const browser = running.browserOf('ada')
    const page = await browser.get(`${running.url}/auth/connections/wiki/connect`)
    expect(page.status).toBe(403)
    expect(page.text).toContain('connection_admin_required')
    const own = await browser.get(`${running.url}/auth/connections/linear/connect`)
    const form = readFields(own)
    expect((await browser.post(`${running.url}/auth/connections/wiki/connect`, form)).status).toBe(403)
    const key = await browser.get(`${running.url}/auth/connections/weather/key`)
    expect(key.text).toContain('connection_admin_required')
  })

  test("cannot be made with a person's own ticket, nor their own with that of everybody", async () => {
    const browser = running.browserOf('ada')
    expect((await browser.get(linkOf(ticketOf('ada', 'wiki'), 'wiki'))).status).toBe(403)
    const everybody = running.tickets.create({ tenant: 'default', upstream: 'linear', owner: 'shared' })
    expect((await browser.get(linkOf(everybody))).status).toBe(403)
  })

  test('is made by whoever follows the link, says so, and names them', async () => {
    const browser = running.browserOf('grace')
    const link = linkOf(shared(), 'wiki')
    expect((await browser.get(link)).text).toContain('one account for everybody')
    const away = await setOut(browser, link)
    const back = await browser.get(
      `${running.url}/auth/connections/callback?code=c&state=${away.searchParams.get('state')}`,
    )
    expect(back.status).toBe(303)
    const [record] = await running.connections.list({ upstream: 'wiki', limit: 1 })
    expect(record).toMatchObject({ owner: 'shared', connectedBy: 'grace', tenant: 'default' })
    expect(running.events.at(-1)).toMatchObject({ type: 'auth_upstream_connected', subject: 'grace' })
  })

  test('of one tenant is not made by people of another', async () => {
    expect((await running.browserOf('grace@acme').get(linkOf(shared(), 'wiki'))).status).toBe(403)
  })
})

test('a link to the key page is as strict', async () => {
  const ticket = ticketOf('ada', 'maps')
  const link = linkOf(ticket, 'maps', 'key')
  expect((await running.browserOf('mallory').get(link)).status).toBe(403)
  const browser = running.browserOf('ada')
  const form = { ...readFields(await browser.get(link)), key: 'ada-key' }
  const url = `${running.url}/auth/connections/maps/key`
  expect((await browser.post(url, form)).status).toBe(303)
  expect((await browser.post(url, form)).status).toBe(403)
})
