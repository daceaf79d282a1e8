import { request } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { isLoopbackHost } from '../lib/loopback.ts'
import { type CallbackForwarder, readGatewayUrl, startCallbackForwarder } from './forward-callback.ts'

const nonce = 'nonce-of-this-sign-in-x'
const gatewayUrl = 'https://gateway.example/base'
const open: CallbackForwarder[] = []
afterEach(() => Promise.all(open.splice(0).map((each) => each.close())))

async function start(ports = [0]): Promise<CallbackForwarder> {
  const forwarder = await startCallbackForwarder({ gatewayUrl, upstream: 'linear', nonce, ports })
  open.push(forwarder)
  return forwarder
}

interface Answer {
  readonly status: number | undefined
  readonly location: string | undefined
}

const ask = (port: number, path: string, options: { host?: string; method?: string } = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', host = `127.0.0.1:${port}` } = options
    request({ port, path, method, host: '127.0.0.1', headers: { host } }, (response) => {
      response.resume()
      resolve({ status: response.statusCode, location: response.headers.location })
    })
      .on('error', reject)
      .end()
  })

describe('the listener', () => {
  test('sends the browser on to the gateway with what the upstream said, and nothing else', async () => {
    const { port } = await start()
    const query = `code=c%2B1&state=s.${nonce}&iss=https%3A%2F%2Fas.example&redirect=https://evil.example`
    const { status, location } = await ask(port, `/callback?${query}`)
    expect(status).toBe(303)
    const sent = new URL(location ?? '')
    expect(sent.origin + sent.pathname).toBe('https://gateway.example/base/auth/connections/callback')
    expect(Object.fromEntries(sent.searchParams)).toEqual({
      code: 'c+1',
      state: `s.${nonce}`,
      iss: 'https://as.example',
    })
  })

  test('also passes refusals on', async () => {
    const { port } = await start()
    const { location } = await ask(port, `/callback?error=access_denied&error_description=no&state=s.${nonce}`)
    expect(location).toContain('error=access_denied&error_description=no')
  })

  test.each([
    ['of another sign-in', `/callback?code=c&state=s.another-nonce-of-somebody`],
    ['without a state', '/callback?code=c'],
    ['at another path', `/?code=c&state=s.${nonce}`],
    ['that claims success without the nonce', '/connected?nonce='],
    ['to an absolute URL', `http://evil.example/callback?state=s.${nonce}`],
  ])('does nothing for a request %s', async (_what, path) => {
    const { port } = await start()
    expect(await ask(port, path)).toEqual({ status: 404, location: undefined })
  })

  test.each(['evil.example', 'localhost:1', '127.0.0.1'])('does nothing for the host %s', async (host) => {
    const { port } = await start()
    expect((await ask(port, `/callback?code=c&state=s.${nonce}`, { host })).status).toBe(404)
  })

  test('does nothing for a form', async () => {
    const { port } = await start()
    expect((await ask(port, `/callback?code=c&state=s.${nonce}`, { method: 'POST' })).status).toBe(404)
  })

  test('ends when the gateway says so, and not before', async () => {
    const { port, connected } = await start()
    let done = false
    const marked = connected.then(() => (done = true))
    await ask(port, `/callback?code=c&state=s.${nonce}`)
    expect(done).toBe(false)
    const { location } = await ask(port, `/connected?nonce=${nonce}`)
    expect(location).toBe('https://gateway.example/base/auth/connections?upstream=linear&notice=connected')
    await marked
    expect(done).toBe(true)
  })

  test('takes another port when its own is in use', async () => {
    const first = await start()
    const second = await start([first.port, 0])
    expect(second.port).not.toBe(first.port)
    await expect(start([first.port, second.port])).rejects.toThrow('every port for the answer is in use')
  })
})

test.each([
  ['https://gateway.example/', 'https://gateway.example'],
  ['https://gateway.example/base/', 'https://gateway.example/base'],
  ['http://127.0.0.1:9000', 'http://127.0.0.1:9000'],
])('%s is a gateway', (text, url) => {
  expect(readGatewayUrl(text, isLoopbackHost)).toBe(url)
})

test.each(['gateway.example', 'http://gateway.example', 'https://a:b@gateway.example', 'https://gateway.example?x=1'])(
  '%s is none',
  (text) => {
    expect(() => readGatewayUrl(text, isLoopbackHost)).toThrow(/gateway/)
  },
)
