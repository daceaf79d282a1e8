import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BrowserAnswer, openBrowser } from '../harness/browser-login.ts'
import { type RunningConnectionPages, readFields, setOut, startConnectionPages } from '../harness/connection-pages.ts'

let running: RunningConnectionPages
beforeAll(async () => {
  running = await startConnectionPages()
})
afterAll(() => running.close())

const at = (path: string) => `${running.url}/auth/connections${path}`

describe('request forgery', () => {
  const forms = [
    ['/linear/connect', {}],
    ['/maps/key', { key: 'key-of-mallory' }],
    ['/linear/disconnect', {}],
  ] as const

  test.each(forms)('%s is not done without the form token of this very form', async (path, fields) => {
    const [victim, attacker] = [running.browserOf('victim'), running.browserOf('mallory')]
    await running.connections.put(
      { tenant: 'default', upstream: 'linear', owner: 'subject:victim' },
      { kind: 'api-key', key: 'stays', url: 'https://linear.example/mcp' },
      'victim',
    )
    const other = readFields(await victim.get(at('/notes/connect')))['form_token'] ?? ''
    const stolen = readFields(await attacker.get(at(path === '/linear/disconnect' ? '/notes/connect' : path)))
    for (const form_token of ['', 'x'.repeat(43), other, stolen['form_token'] ?? '']) {
      const answer = await victim.post(at(path), { ...fields, form_token })
      expect(answer.status).toBe(403)
      expect(answer.text).toContain('grant_expired')
    }
    expect((await victim.post(at(path), fields)).status).toBe(403)
    expect(running.begun).toEqual([])
    expect(await running.connections.list({ owner: 'subject:victim', limit: 10 })).toHaveLength(1)
  })

  test.each(forms)('%s is not done for a page of another origin', async (path, fields) => {
    const browser = running.browserOf('ada')
    await running.connections.put(
      { tenant: 'default', upstream: 'linear', owner: 'subject:ada' },
      { kind: 'api-key', key: 'stays', url: 'https://linear.example/mcp' },
      'ada',
    )
    const form = { ...readFields(await browser.get(at(path))), ...fields }
    expect(form).toHaveProperty('form_token')
    for (const origin of ['https://evil.example', 'null', `${running.url}.evil.example`]) {
      const answer = await browser.post(at(path), form, { origin })
      expect(answer.status).toBe(403)
      expect(answer.text).toContain('origin_not_allowed')
    }
    expect(running.begun).toEqual([])
  })

  test.each(forms)('%s does nothing for a link, an image, or another method', async (path) => {
    const browser = running.browserOf('ada')
    const before = running.events.length
    await browser.get(at(`${path}?form_token=x&key=k`))
    expect(running.begun).toEqual([])
    expect(running.events.slice(before).map(({ type }) => type)).toEqual([])
    const answer = await fetch(at(path), { method: 'PATCH' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST'])
  })

  test.each(['PUT', 'DELETE'])(
    '%s, by which programs keep their key, is nothing that a browser may do',
    async (method) => {
      const place = { tenant: 'default', upstream: 'maps', owner: 'subject:ada' } as const
      await running.connections.put(place, { kind: 'api-key', key: 'stays', url: 'https://maps.example/mcp' }, 'ada')
      const before = await running.connections.find(place)
      expect(before).toBeDefined()
      const cookies = [...running.browserOf('ada').cookies].map(([name, { value }]) => `${name.split(' ')[0]}=${value}`)
      const body = JSON.stringify({ key: 'of-mallory' })
      const headers = { cookie: cookies.join('; '), 'content-type': 'application/json' }
      const answer = await request(at('/maps/key'), { method, headers, body })
      await answer.body.dump()
      expect([answer.statusCode, cookies.length > 0]).toEqual([401, true])
      expect(await running.connections.find(place)).toEqual(before)
    },
  )

  test('nobody who is signed out sends a form, whatever they know', async () => {
    const browser = running.browserOf('ada')
    const form = readFields(await browser.get(at('/linear/connect')))
    running.signOut(browser)
    const answer = await browser.post(at('/linear/connect'), form)
    expect(answer.status).toBe(403)
    expect(answer.location).toBeUndefined()
  })
})

describe('where a person is sent afterwards', () => {
  const consent = '/oauth/consent/AAAAAAAAAAAAAAAAAAAAA'
  const finish = async (returnPath: string): Promise<BrowserAnswer> => {
    const browser = running.browserOf('ada')
    const away = await setOut(browser, at(`/linear/connect?${new URLSearchParams({ return: returnPath }).toString()}`))
    return browser.get(at(`/callback?code=c&state=${away.searchParams.get('state')}`))
  }

  test('is the consent page that waits', async () => {
    expect((await finish(consent)).headers['location']).toBe(consent)
  })

  test.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '/oauth/consent/../../..//evil.example',
    `${consent}/../../../evil`,
    `${consent}?next=https://evil.example`,
    `${consent}#x`,
    `https://evil.example${consent}`,
    `/oauth/consent/AAAAAAAAAA%2f%2fevil`,
    `/oauth/consent/AAAAAAAAAAAA\r\nlocation: https://evil.example`,
    '/oauth/authorize?client_id=evil',
    'javascript:alert(1)',
  ])('is never %j', async (returnPath) => {
    const { location } = await finish(returnPath)
    expect(location?.origin).toBe(running.url)
    expect(location?.pathname).toBe('/auth/connections')
    expect(location?.href).not.toContain('evil')
  })

  test('nor before: signing in leads back to the page with what was understood of the link', async () => {
    const answer = await openBrowser().get(
      at('/linear/connect?return=https://evil.example&x=//evil.example&local=80&nonce=n'),
    )
    expect(answer.location?.searchParams.get('returnPath')).toBe('/auth/connections/linear/connect')
  })

  test.each(['evil', '%3Cscript%3Ealert(1)%3C/script%3E', 'connected'])(
    'notices are not what the query says: %s',
    async (text) => {
      const page = await running.browserOf('ada').get(at(`?upstream=${text}&notice=${text}`))
      expect(page.status).toBe(200)
      expect(page.text).not.toContain('role="status"')
      expect(page.text).not.toContain('<script')
    },
  )
})

test('no page of the connections can be framed, scripted, cached, or tell others where the person came from', async () => {
  const browser = running.browserOf('<script>alert(1)</script>')
  await running.connections.put(
    { tenant: 'default', upstream: 'linear', owner: 'subject:<script>alert(1)</script>' },
    { kind: 'api-key', key: 'k', url: 'https://linear.example/mcp' },
    'x',
  )
  const paths = [
    '',
    '/linear/connect',
    '/linear/disconnect',
    '/maps/key',
    '/wiki/connect',
    '/none/connect',
    '/callback',
  ]
  const pages = await Promise.all(paths.map(async (path) => browser.get(at(path))))
  const form = readFields(await browser.get(at('/linear/connect')))
  pages.push(await browser.post(at('/linear/connect'), form))
  for (const { headers, text } of pages) {
    const policy = String(headers['content-security-policy'])
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"])
      expect(policy.split('; ')).toContain(part)
    expect(headers['x-frame-options']).toBe('DENY')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['cache-control']).toBe('no-store')
    expect(['same-origin', 'no-referrer']).toContain(headers['referrer-policy'])
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/)
    expect(text).not.toContain('<script')
  }
})

describe('a flood', () => {
  test('of forms is stopped for one person, whatever their address, and nobody else', async () => {
    const limits = { form: { perAddress: 3, total: 100, windowSeconds: 600 } }
    const limited = await startConnectionPages({ requestLimits: limits })
    const url = `${limited.url}/auth/connections/linear/connect`
    const send = async (name: string) => {
      const browser = limited.browserOf(name)
      return browser.post(url, readFields(await browser.get(url)))
    }
    for (let count = 0; count < 3; count++) expect((await send('bot')).status).toBe(200)
    const stopped = await send('bot')
    expect(stopped.status).toBe(429)
    expect(Number(stopped.headers['retry-after'])).toBeGreaterThan(0)
    expect((await send('ada')).status).toBe(200)
    await limited.close()
  })

  test('of pages is stopped for one address', async () => {
    const limits = { page: { perAddress: 2, total: 100, windowSeconds: 600 } }
    const limited = await startConnectionPages({ requestLimits: limits })
    const statuses = []
    for (let count = 0; count < 3; count++)
      statuses.push((await openBrowser().get(`${limited.url}/auth/connections`)).status)
    expect(statuses).toEqual([303, 303, 429])
    await limited.close()
  })

  test('of bytes is cut off', async () => {
    const browser = running.browserOf('ada')
    expect((await browser.post(at('/maps/key'), { key: 'x'.repeat(40_000) })).status).toBe(413)
    expect((await browser.get(at(`/linear/connect?x=${'x'.repeat(9_000)}`))).status).toBe(414)
    const type = { 'content-type': 'text/plain' }
    expect((await browser.post(at('/maps/key'), { key: 'k' }, type)).status).toBe(415)
  })
})
