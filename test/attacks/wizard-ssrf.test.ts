import type { LookupAddress } from 'node:dns'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isPublicAddress } from '../../src/http/fetch-document.ts'
import { createGuardedPool, judgeUrl } from '../../src/http/guarded-pool.ts'
import { type AdminClient, signInByName } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import { type ScriptedSite, scriptResource, serveScript } from '../harness/scripted-upstream.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

let gateway: TestGateway
let editor: AdminClient
let internal: Server
let asked = 0
let site: ScriptedSite

beforeAll(async () => {
  internal = createServer((_request, response) => {
    asked++
    response.end('{}')
  }).listen(0, '127.0.0.1')
  ;[gateway, site] = await Promise.all([startAdminGateway(), serveScript()])
  editor = await signInByName(gateway.directory, 'edda')
})
afterAll(async () => {
  await Promise.all([gateway.close(), site.close()])
  internal.close()
})

const test = (url: string) => editor.call('POST', '/wizard/test-upstream', { body: { url } })
const internalUrl = () => `http://127.0.0.1:${(internal.address() as AddressInfo).port}/`

describe('a test of an upstream', () => {
  it.each([
    'https://10.0.0.1/mcp',
    'https://192.168.0.1/mcp',
    'https://169.254.169.254/latest/meta-data/',
    'http://169.254.169.254/latest/meta-data/',
    'https://[::ffff:10.0.0.1]/mcp',
    'https://[fd00::1]/mcp',
    'https://167772161/mcp',
    'https://0x0a000001/mcp',
    'https://0/mcp',
    'http://example.com/mcp',
    'https://user:password@example.com/mcp',
  ])('does not go to %s', async (url) => {
    const { status, json } = await test(url)
    expect([status, json.reason]).toEqual([422, 'upstream_address_not_allowed'])
  })

  it('does not follow a redirect', async () => {
    site.answers.set('/mcp', { status: 307, headers: { location: internalUrl() } })
    const { status, json } = await test(`${site.origin}/mcp`)
    expect([status, json.reason]).toEqual([200, 'upstream_protocol_error'])
    expect(asked).toBe(0)
  })

  it('does not let the upstream lead it to what is inside by its metadata', async () => {
    site.answers.set('/mcp', { status: 401 })
    scriptResource(site, ['https://10.0.0.1'])
    const { json } = await test(`${site.origin}/mcp`)
    const auth = json['auth'] as { problem: string; issuer: null; needed: boolean }
    expect(auth).toMatchObject({ needed: true, issuer: null })
    expect(auth.problem).toContain('the address is not public')
  })

  it('leaves an event when it is refused', async () => {
    const event = await gateway.waitForEvent(({ reason }) => reason === 'upstream_address_not_allowed')
    expect(event).toMatchObject({ type: 'admin_refused', subject: 'edda' })
  })
})

describe('in production', () => {
  const rules = { allowedHosts: ['mcp.internal', 'other.internal:8443'], allowLoopback: false }
  const judge = (url: string) => judgeUrl(new URL(url), rules)

  it.each(['https://127.0.0.1/mcp', 'https://localhost/mcp', 'http://localhost/mcp', 'https://[::1]/mcp'])(
    'this machine is not called either: %s',
    (url) => expect(judge(url)).toEqual(expect.any(String)),
  )

  it('a name that stands for an inside address is not called, also when it says so only later', async () => {
    expect(judge('https://public.example/mcp')).toBe(isPublicAddress)
    for (const answers of [['10.0.0.1'], ['93.184.216.34', '10.0.0.1']]) {
      const lookup = (_name: string, callback: (error: null, addresses: LookupAddress[]) => void) =>
        callback(
          null,
          answers.map((address) => ({ address, family: 4 })),
        )
      const limits = { connections: 1, connectMs: 500, firstByteMs: 500, idleMs: 500 }
      const pool = createGuardedPool('https://public.example', limits, isPublicAddress, lookup)
      await expect(pool.request({ method: 'GET', path: '/' })).rejects.toThrow('the address is not public')
      await pool.destroy()
    }
  })

  it('an address that was dialled is looked at again', async () => {
    const { port } = internal.address() as AddressInfo
    const limits = { connections: 1, connectMs: 500, firstByteMs: 500, idleMs: 500 }
    const pool = createGuardedPool(`http://127.0.0.1:${port}`, limits, isPublicAddress)
    await expect(pool.request({ method: 'GET', path: '/' })).rejects.toThrow('the address is not public')
    await pool.destroy()
    expect(asked).toBe(0)
  })

  it('the hosts that the operator allows are called, and no others that look like them', () => {
    expect(judge('http://mcp.internal/mcp')).toBeTypeOf('function')
    expect(judge('https://other.internal:8443/mcp')).toBeTypeOf('function')
    expect(judge('http://other.internal:9000/mcp')).toEqual(expect.any(String))
    expect(judge('http://mcp.internal.evil.example/mcp')).toEqual(expect.any(String))
  })
})
