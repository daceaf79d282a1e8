import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createUpstreamDoors } from '../../src/credentials/oauth-client/upstream-door.ts'
import {
  describeServer,
  resourceMetadataPath,
  type ScriptedSite,
  scriptResource,
  scriptServer,
  serverMetadataPath,
  serveScript,
} from '../harness/scripted-upstream.ts'
import {
  answerWith,
  beginAt,
  describeOAuthUpstream,
  openOAuthClient,
  type TestOAuthClient,
} from '../harness/upstream-oauth-client.ts'

let client: TestOAuthClient
let site: ScriptedSite
let internal: ScriptedSite

beforeEach(async () => {
  ;[client, site, internal] = await Promise.all([openOAuthClient(), serveScript(), serveScript()])
  scriptResource(site, [site.origin])
  scriptServer(site)
})
afterEach(() => Promise.all([client.close(), site.close(), internal.close()]))

const upstream = () => describeOAuthUpstream(`${site.origin}/mcp`)

/** Ways to write an address that is not public. */
const insideUrls = [
  'https://10.0.0.1',
  'https://169.254.169.254',
  'https://[::ffff:10.0.0.1]',
  'https://[::ffff:a9fe:a9fe]',
  'https://[fd00::1]',
  'https://167772161',
  'https://0x0a000001',
  'https://0',
]

describe.each(insideUrls)('%s is not reached', (inside) => {
  test('through the challenge', async () => {
    site.answers.set('/mcp', { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${inside}/x"` } })
    await expect(beginAt(client, upstream())).rejects.toMatchObject(notPublic)
  })

  test('through authorization_servers', async () => {
    scriptResource(site, [inside])
    await expect(beginAt(client, upstream())).rejects.toMatchObject(notPublic)
  })

  test('through registration_endpoint', async () => {
    scriptServer(site, { registration_endpoint: `${inside}/register` })
    await expect(beginAt(client, upstream())).rejects.toMatchObject(notPublic)
  })

  test('through token_endpoint', async () => {
    scriptServer(site, { token_endpoint: `${inside}/token` })
    const { pending } = await beginAt(client, upstream())
    const finished = client.authorization.finish(upstream(), 'default', answerWith(pending), pending)
    await expect(finished).rejects.toMatchObject(notPublic)
  })
})

const notPublic = {
  reason: 'credential_provider_unreachable',
  details: { detail: expect.stringContaining('not public') as string },
}

describe('plain http', () => {
  test('leads nowhere but to loopback', async () => {
    scriptResource(site, ['http://as.example'])
    await expect(beginAt(client, upstream())).rejects.toMatchObject({
      reason: 'credential_provider_unreachable',
      details: { detail: expect.stringContaining('only https') as string },
    })
  })

  test('to the token endpoint is no endpoint', async () => {
    scriptServer(site, { token_endpoint: 'http://as.example/token' })
    await expect(beginAt(client, upstream())).rejects.toMatchObject({ reason: 'credential_discovery_failed' })
  })
})

describe('loopback', () => {
  const request = { method: 'GET', headers: {}, body: undefined, timeoutMs: 1000 }
  const port = () => new URL(internal.origin).port

  test.each<['dev' | 'start', string]>([
    ['start', 'http://127.0.0.1:1/mcp'],
    ['start', 'https://mcp.example/mcp'],
    ['dev', 'https://mcp.example/mcp'],
  ])('is out of reach in %s for an upstream at %s', async (mode, url) => {
    const door = createUpstreamDoors(mode)(describeOAuthUpstream(url))
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.1', '2130706433', '[::ffff:127.0.0.1]']) {
      await expect(door(`https://${host}:${port()}/`, request)).rejects.toMatchObject(notPublic)
      await expect(door(`http://${host}:${port()}/`, request)).rejects.toMatchObject({
        details: { detail: expect.stringContaining('only https') as string },
      })
    }
    expect(internal.requests).toEqual([])
  })

  test('is reached in dev for an upstream that is there too', async () => {
    internal.answers.set('/', { body: { here: true } })
    const answer = await createUpstreamDoors('dev')(upstream())(`${internal.origin}/`, request)
    expect(await answer.json()).toEqual({ here: true })
  })

  test('is reached where the operator wrote the host down, over https only', async () => {
    const host = `127.0.0.1:${port()}`
    const door = createUpstreamDoors('start')(
      describeOAuthUpstream('https://mcp.example/mcp', {}, { trustedHosts: [host] }),
    )
    // It gets through to a server that does not speak TLS.
    await expect(door(`https://${host}/`, request)).rejects.not.toMatchObject(notPublic)
    await expect(door(`http://${host}/`, request)).rejects.toMatchObject({
      details: { detail: expect.stringContaining('only https') as string },
    })
  })
})

describe('a redirect is not followed', () => {
  const elsewhere = (status = 307) => ({ status, headers: { location: `${internal.origin}/inside` } })

  test.each([resourceMetadataPath, serverMetadataPath, '/register'])('from %s', async (path) => {
    site.answers.set(path, elsewhere())
    await expect(beginAt(client, upstream())).rejects.toMatchObject({
      reason: expect.stringMatching(/^credential_/) as string,
    })
    expect(internal.requests).toEqual([])
  })

  test('from the token endpoint', async () => {
    const { pending } = await beginAt(client, upstream())
    site.answers.set('/token', elsewhere())
    const finished = client.authorization.finish(upstream(), 'default', answerWith(pending), pending)
    await expect(finished).rejects.toMatchObject({ reason: 'credential_response_invalid' })
    expect(internal.requests).toEqual([])
  })
})

describe('a person is not sent to', () => {
  test.each([
    'javascript:alert(document.domain)//',
    'data:text/html,hello',
    'file:///etc/passwd',
    'http://as.example/authorize',
    'https://gateway.example@evil.example/authorize',
    'as.example/authorize',
  ])('%s', async (endpoint) => {
    scriptServer(site, { authorization_endpoint: endpoint })
    await expect(beginAt(client, upstream())).rejects.toMatchObject({ reason: 'credential_discovery_failed' })
  })
})

describe('a server without PKCE', () => {
  test.each([
    ['that says nothing of it', undefined],
    ['that knows only plain', ['plain']],
    ['that lists none', []],
    ['that writes a text', 'S256'],
  ])('%s is refused', async (_, methods) => {
    scriptServer(site, { code_challenge_methods_supported: methods })
    await expect(beginAt(client, upstream())).rejects.toMatchObject({ reason: 'credential_pkce_unsupported' })
    expect(site.to('/register')).toEqual([])
  })

  test('that the operator vouches for gets a challenge all the same', async () => {
    site.answers.set(serverMetadataPath, {
      body: describeServer(site.origin, { code_challenge_methods_supported: undefined }),
    })
    const assumed = describeOAuthUpstream(`${site.origin}/mcp`, { overrides: { assumePkce: true } })
    const { asked } = await beginAt(client, assumed)
    expect(asked.get('code_challenge_method')).toBe('S256')
    expect(asked.get('code_challenge')).toMatch(/^[\w-]{43}$/)
  })
})
