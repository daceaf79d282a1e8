import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { VirtualServer } from '../contracts/virtual-server.ts'
import { registryName } from './describe-server.ts'
import { createRegistryMount } from './registry-mount.ts'

describe('the registry', () => {
  it('limits how often one address asks, and says when to come back', async () => {
    let now = 0
    const url = await serve(() => now)
    const ask = async () => {
      const answer = await request(`${url}/registry/v0.1/servers`)
      return { status: answer.statusCode, retryAfter: answer.headers['retry-after'], body: await answer.body.json() }
    }
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 200])
    expect(await ask()).toEqual({ status: 429, retryAfter: '60', body: { error: 'Too many requests' } })
    now = 60_000
    expect((await ask()).status).toBe(200)
  })
})

describe('the name of an entry', () => {
  const nameAt = (host: string, name: string) => registryName({ name, resource: `https://${host}/mcp` })

  it('turns the host around', () => {
    expect(nameAt('mcp.example.com', 'linear')).toBe('com.example.mcp/linear')
  })

  it('stays within the pattern and 200 characters, and different names stay different', () => {
    const names = ['a b', 'a_b', 'a/b', `${'x'.repeat(300)}1`, `${'x'.repeat(300)}2`].map((name) =>
      nameAt('[2001:db8::1]', name),
    )
    for (const name of names) expect(name).toMatch(/^(?=.{3,200}$)[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/)
    expect(new Set(names).size).toBe(names.length)
  })
})

async function serve(clock: () => number): Promise<string> {
  const servers: readonly VirtualServer[] = []
  const mount = createRegistryMount({
    basePath: '',
    servers: () => servers,
    settings: () => ({ enabled: true, tenants: [] }),
    clientAddressOf: () => '192.0.2.1',
    clock,
    requestLimits: { perAddress: 2, total: 10, windowSeconds: 60 },
  })
  const server = createServer((incoming, response) => mount.handle(incoming, response, incoming.url ?? ''))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
