import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/errors/gateway-error.ts'
import { createFetchDocument, isPublicAddress } from '../../src/http/fetch-document.ts'
import type { LookupAll } from '../../src/http/guarded-connector.ts'
import { type DocumentServer, serveDocuments, testCertificate } from '../harness/document-server.ts'

const document = JSON.stringify({ client_id: 'x' })

describe('a metadata document cannot be used to reach the inside', () => {
  let site: DocumentServer
  beforeAll(async () => {
    site = await serveDocuments((request, response) => {
      const json = { 'content-type': 'application/json' }
      switch (request.url) {
        case '/redirect':
          response.writeHead(302, { ...json, location: `https://127.0.0.1:${site.port}/secret` }).end('{}')
          break
        case '/large':
          response.writeHead(200, json).end(JSON.stringify('x'.repeat(6000)))
          break
        case '/large-unannounced':
          response.writeHead(200, json)
          for (let chunk = 0; chunk < 10; chunk++) response.write('x'.repeat(1000))
          response.end()
          break
        case '/slow':
          response.writeHead(200, json).write('{')
          break
        case '/html':
          response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
          break
        default:
          response.writeHead(200, json).end(document)
      }
    })
  })
  beforeEach(() => {
    site.requests.length = 0
  })
  afterAll(() => site.close())

  const loopback: LookupAll = (_name, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }])
  const guarded = (lookup: LookupAll) => createFetchDocument({ lookup, certificateAuthority: testCertificate })
  const trusting = () =>
    createFetchDocument({
      lookup: loopback,
      certificateAuthority: testCertificate,
      allowAddress: (address) => address === '127.0.0.1',
    })
  const at = (path: string, host = 'client.example') => `https://${host}:${site.port}${path}`

  async function refusalOf(fetching: Promise<unknown>): Promise<string> {
    const error = await fetching.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(GatewayError)
    expect((error as GatewayError).reason).toBe('client_metadata_unreachable')
    return (error as GatewayError).details.detail ?? ''
  }

  test('the fixture is reachable when its address is allowed, so every refusal below is the guard', async () => {
    const fetched = await trusting()(at('/'))
    expect(fetched.status).toBe(200)
    expect(fetched.body.toString()).toBe(document)
  })

  test.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://017700000001/',
    'https://127.1/',
    'https://0.0.0.0/',
    'https://10.0.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://100.64.0.1/',
    'https://192.168.1.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[::127.0.0.1]/',
  ])('address literal %s', async (url) => {
    expect(await refusalOf(createFetchDocument()(url))).toContain('not public')
  })

  test.each(['http://client.example/', 'file:///etc/passwd', 'gopher://client.example/', 'client.example'])(
    'scheme of %s',
    async (url) => {
      expect(await refusalOf(createFetchDocument()(url))).toContain('https')
    },
  )

  test('user information in the URL', async () => {
    expect(await refusalOf(trusting()(`https://client.example@127.0.0.1:${site.port}/`))).toContain('user information')
  })

  test('a name that resolves to loopback', async () => {
    expect(await refusalOf(guarded(loopback)(at('/')))).toContain('not public')
    expect(site.requests).toEqual([])
  })

  test('a name that resolves to loopback is not even dialled', async () => {
    let connections = 0
    const listener = createServer(() => connections++).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    await refusalOf(guarded(loopback)(`https://client.example:${(listener.address() as AddressInfo).port}/`))
    listener.close()
    expect(connections).toBe(0)
  })

  test('a name that resolves to a public and a private address', async () => {
    const lookup: LookupAll = (_name, callback) =>
      callback(null, [
        { address: '93.184.215.14', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ])
    expect(await refusalOf(guarded(lookup)(at('/')))).toContain('not public')
    expect(site.requests).toEqual([])
  })

  test('DNS rebinding: the second answer is never asked for', async () => {
    let lookups = 0
    const lookup: LookupAll = (_name, callback) => {
      lookups++
      callback(null, [{ address: lookups === 1 ? '127.0.0.1' : '93.184.215.14', family: 4 }])
    }
    expect(await refusalOf(guarded(lookup)(at('/', 'rebound.example')))).toContain('not public')
    expect(lookups).toBe(1)
    expect(site.requests).toEqual([])
  })

  test('a redirect is not followed', async () => {
    const fetched = await trusting()(at('/redirect'))
    expect(fetched.status).toBe(302)
    expect(site.requests).toEqual(['/redirect'])
  })

  test.each(['/large', '/large-unannounced'])('a body beyond the cap: %s', async (path) => {
    expect(await refusalOf(trusting()(at(path)))).toContain('larger than 5120 bytes')
  })

  test('a body that never ends', async () => {
    const started = performance.now()
    await refusalOf(trusting()(at('/slow'), { timeoutMs: 200 }))
    expect(performance.now() - started).toBeLessThan(3000)
  })

  test('an answer that is not JSON, and its content is not echoed', async () => {
    const detail = await refusalOf(trusting()(at('/html')))
    expect(detail).toContain('not JSON')
    expect(detail).not.toContain('html')
  })

  test('a certificate of somebody else', async () => {
    await refusalOf(trusting()(at('/', 'other.example')))
    expect(site.requests).toEqual([])
  })
})

test.each(['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

test.each([
  '',
  'localhost',
  '224.0.0.1',
  '255.255.255.255',
  '192.0.2.1',
  '198.18.0.1',
  '2001:db8::1',
  'ff02::1',
  '::',
  '1.1.1.1.1',
])('%j is not', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})
