import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/errors/gateway-error.ts'
import { createCallAuthorizationServer } from '../../src/http/call-authorization-server.ts'
import { createIdentityProviders } from '../../src/identity/identity-providers.ts'
import { describeProvider } from '../harness/federated-server.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** A host in a private network: `host:port` on loopback. */
async function serve(listener: RequestListener): Promise<{ host: string; hits: string[] }> {
  const hits: string[] = []
  const server = createServer((request, response) => {
    hits.push(request.url ?? '')
    listener(request, response)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, hits }
}

const request = { method: 'GET', headers: {}, body: undefined, timeoutMs: 1000 }
const json = (value: object): RequestListener => {
  return (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(GatewayError)
  expect((error as GatewayError).reason).toBe('identity_provider_unreachable')
  return (error as GatewayError).details.detail ?? ''
}

describe('hosts that the project does not name', () => {
  const open = createCallAuthorizationServer({
    unreachable: 'identity_provider_unreachable',
    trustedHosts: new Set(),
    allowLoopbackHttp: true,
  })

  test('must be public, whichever way a private address is written', async () => {
    const { host, hits } = await serve(json({}))
    const port = host.split(':')[1] ?? ''
    for (const name of ['127.0.0.1', 'localhost', '[::1]', '127.1', '2130706433', '0x7f000001']) {
      expect(await refusalOf(open(`http://${name}:${port}/`, request))).toContain('not public')
    }
    for (const url of [
      'https://169.254.169.254/',
      'https://10.0.0.1/',
      'https://[::ffff:10.0.0.1]/',
      'https://[fd00::1]/',
    ])
      expect(await refusalOf(open(url, request))).toContain('not public')
    expect(hits).toEqual([])
  })

  test('are not reached through the metadata of the provider', async () => {
    const internal = await serve(json({ keys: [] }))
    const provider = await serve((incoming, response) => {
      const issuer = `http://${incoming.headers.host}`
      const metadata = {
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `http://${internal.host}/token`,
        jwks_uri: `http://${internal.host}/jwks`,
      }
      json(metadata)(incoming, response)
    })
    const settings = describeProvider(`http://${provider.host}`)
    const signIn = createIdentityProviders({ allowLoopbackHttp: true })(settings)
    const redirectUri = 'https://gateway.example/oauth/callback'
    const { pending } = await signIn.begin({ redirectUri, chooseAccount: false })
    const answer = new URL(`${redirectUri}?code=x&state=${pending.state}`)
    expect(await refusalOf(signIn.finish(answer, pending))).toContain('not public')
    expect(internal.hits).toEqual([])
  })
})

test('people are not sent to a sign-in page on plain http', async () => {
  const provider = await serve((incoming, response) => {
    const issuer = `http://${incoming.headers.host}`
    const metadata = { issuer, authorization_endpoint: 'http://idp.example/auth', token_endpoint: `${issuer}/token` }
    json(metadata)(incoming, response)
  })
  const signIn = createIdentityProviders({ allowLoopbackHttp: true })(describeProvider(`http://${provider.host}`))
  const begun = signIn.begin({ redirectUri: 'https://gateway.example/oauth/callback', chooseAccount: false })
  await expect(begun).rejects.toMatchObject({ reason: 'identity_response_invalid' })
})

describe('a provider of the project', () => {
  test('is reached in a private network', async () => {
    const { host } = await serve(json({ here: true }))
    const call = createCallAuthorizationServer({
      unreachable: 'identity_provider_unreachable',
      trustedHosts: new Set([host]),
      allowLoopbackHttp: true,
    })
    expect(await (await call(`http://${host}/`, request)).json()).toEqual({ here: true })
  })

  test('does not send the gateway elsewhere', async () => {
    const internal = await serve(json({}))
    const { host } = await serve((_request, response) =>
      response.writeHead(307, { location: `http://${internal.host}/` }).end(),
    )
    const call = createCallAuthorizationServer({
      unreachable: 'identity_provider_unreachable',
      trustedHosts: new Set([host, internal.host]),
      allowLoopbackHttp: true,
    })
    expect((await call(`http://${host}/`, request)).status).toBe(307)
    expect(internal.hits).toEqual([])
  })

  test.each([
    ['http://idp.example/', 'only https'],
    ['ftp://idp.example/', 'only https'],
    ['https://user:secret@idp.example/', 'only https'],
    ['not a url', 'only https'],
  ])('is not called at %s', async (url, detail) => {
    const call = createCallAuthorizationServer({
      unreachable: 'identity_provider_unreachable',
      trustedHosts: new Set(['idp.example']),
      allowLoopbackHttp: true,
    })
    const said = await refusalOf(call(url, request))
    expect(said).toContain(detail)
    expect(said).not.toContain('secret')
  })

  test('is not called over plain http in production, not even on loopback', async () => {
    const { host, hits } = await serve(json({}))
    const call = createCallAuthorizationServer({
      unreachable: 'identity_provider_unreachable',
      trustedHosts: new Set([host]),
      allowLoopbackHttp: false,
    })
    expect(await refusalOf(call(`http://${host}/`, request))).toContain('only https')
    expect(hits).toEqual([])
  })

  test.each<[string, RequestListener, string]>([
    ['says that it is huge', (_in, out) => out.writeHead(200, { 'content-length': '1073741824' }).write('{'), 'larger'],
    ['never stops', (_in, out) => void out.writeHead(200).end('x'.repeat(600 * 1024)), 'larger'],
    ['never begins', () => {}, 'timeout'],
    ['never ends', (_in, out) => void out.writeHead(200).write('{'), 'timeout'],
  ])('that %s is left', async (_what, listener, detail) => {
    const { host } = await serve(listener)
    const call = createCallAuthorizationServer({
      unreachable: 'identity_provider_unreachable',
      trustedHosts: new Set([host]),
      allowLoopbackHttp: true,
    })
    expect(await refusalOf(call(`http://${host}/`, { ...request, timeoutMs: 300 }))).toContain(detail)
  })
})
