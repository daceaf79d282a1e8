import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openBrowser, openPage } from '../harness/browser-login.ts'
import { connectPerson, findConnectLink, followConnectLink } from '../harness/connect-person.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { callTool } from '../harness/post-message.ts'
import {
  type ProtectedUpstream,
  startProtectedUpstream,
} from '../harness/protected-upstream/start-protected-upstream.ts'
import { runCli } from '../harness/run-cli.ts'
import { findFreePort, spawnGateway } from '../harness/spawn-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { createProject, signIn, type TestPolicy } from '../harness/write-project.ts'

const sharedKey = 'shared-key-that-must-not-leak'
const personalKey = 'personal-key-that-must-not-leak'
const wrongKey = 'mistyped-key-that-must-not-leak'
const manualSecret = 'client-secret-that-must-not-leak'

it('no secret of an upstream is in the store, the logs, the events, an answer, a URL, the process list or the command line', async () => {
  const oauth = await startProtectedUpstream({
    behaviour: {
      primary: {
        expiresIn: 1,
        echoRequests: true,
        scopesSupported: ['openid', 'read', 'write'],
        tokenEndpointAuthMethods: ['client_secret_basic'],
        manualClients: [{ clientId: 'gateway', clientSecret: manualSecret }],
      },
    },
  })
  const keys = await startProtectedUpstream()
  const owners = { [sharedKey]: 'company', [personalKey]: 'ada' }
  await keys.setBehaviour({
    resource: { protection: 'api-key', apiKeys: { header: 'authorization', scheme: 'Bearer', owners } },
  })
  const port = await findFreePort()
  const origin = `http://127.0.0.1:${port}`
  const directory = await createProject(projectWith(port, oauth, keys))
  const environment = { SHARED_KEY: sharedKey, CLIENT_SECRET: manualSecret }
  const gateway = await spawnGateway(directory, port, 'dev', environment)
  const places: { place: string; content: string | Buffer }[] = []
  const note = (place: string, content: string | Buffer) => void places.push({ place, content })
  const browser = openBrowser()
  const server = (name: string) => `${origin}/mcp/${name}`
  const tokens = new Map<string, string>()
  const call = async (name: string, tool = 'whoami'): Promise<string> => {
    const token = tokens.get(name) ?? (await obtainToken(origin, server(name))).accessToken
    tokens.set(name, token)
    const { text, headers } = await callTool(server(name), token, tool)
    note(`answer of ${name}`, text + JSON.stringify(headers))
    return text
  }
  const linkOf = async (name: string, tool?: string) => findConnectLink(await call(name, tool)) ?? ''

  // An upstream may tell a client what it received, and nobody else learns it.
  const tellClient = async (name: string): Promise<void> => {
    for (const tool of ['echo_headers', 'fail_with_headers']) {
      const { text } = await callTool(server(name), tokens.get(name) ?? '', tool)
      expect(text).toContain('authorization')
    }
  }

  // Connecting, refreshing, asking for more, failing, with every kind of credential.
  for (const name of ['dynamic', 'manual']) {
    const page = await connectPerson(await linkOf(name), { subject: 'ada', browser })
    note(`page of ${name}`, page.text)
    const over = Date.now() + 1000
    await waitUntil('the token is over', () => Date.now() > over)
    expect(await call(name)).toContain('account-')
    await connectPerson(await linkOf(name, 'write_note'), { subject: 'ada', browser })
    await oauth.killGrants()
    await waitUntil('the token is over', () => Date.now() > over + 2000)
    expect(findConnectLink(await call(name))).toBeDefined()
    await connectPerson(await linkOf(name), { subject: 'ada', browser })
    await tellClient(name)
  }
  // The server does not know the client any more, and says so with all that it was sent.
  await oauth.setBehaviour({ primary: { manualClients: [{ clientId: 'gateway', clientSecret: 'another-secret' }] } })
  const failed = await followConnectLink(`${origin}/auth/connections/manual/connect`, { subject: 'ada', browser })
  expect(failed.text).toContain('credential_client_rejected')
  note('page of a refused client', failed.text)
  await oauth.setBehaviour({ primary: { manualClients: [{ clientId: 'gateway', clientSecret: manualSecret }] } })
  const refused = await followConnectLink(await linkOf('personal'), { subject: 'ada', browser, key: wrongKey })
  note('page of a refused key', refused.text)
  await connectPerson(await linkOf('personal'), { subject: 'ada', browser, key: personalKey })
  for (const name of ['personal', 'shared']) expect(await call(name)).toMatch(/company|ada/)
  expect(await call('machine')).toContain('client:gateway')
  for (const name of ['machine', 'personal', 'shared']) await tellClient(name)
  note('page of all connections', (await openPage(browser, `${origin}/auth/connections`)).text)

  await readFiles(directory, note)
  note('process list', await readFile(`/proc/${gateway.process.pid}/cmdline`))
  expect(await readFile(`/proc/${gateway.process.pid}/task/${gateway.process.pid}/children`, 'utf8')).toBe('')
  process.env['SHARED_KEY'] = sharedKey
  process.env['CLIENT_SECRET'] = manualSecret
  for (const args of [
    ['connections', 'list', directory, '--json'],
    ['events', directory, '--json'],
    ['check', directory],
  ]) {
    const { out, errors } = await runCli(...args)
    note(`sallyport ${args[0]}`, out + errors)
  }
  expect(await gateway.stop()).toBe(0)
  note('log', gateway.output())
  await readFiles(directory, note)
  for (const upstream of [oauth, keys]) {
    for (const { url, method } of await upstream.takeRequests()) note('URL at an upstream', `${method} ${url}`)
  }

  const issued = await oauth.secrets()
  for (const kind of ['up_at_', 'up_rt_', 'up_code_', 'up_cs_', 'eyJ']) {
    expect(
      issued.filter((secret) => secret.startsWith(kind)),
      kind,
    ).not.toEqual([])
  }
  const basic = Buffer.from(`gateway:${manualSecret}`).toString('base64')
  const secrets = [...issued, sharedKey, personalKey, wrongKey, manualSecret, basic]
  expect(secrets.filter((secret) => secret.length < 16)).toEqual([])
  for (const place of ['sallyport.db', 'events.db', 'log', 'URL at an upstream', 'sallyport events']) {
    expect(
      places.map((each) => each.place),
      place,
    ).toContain(place)
  }
  expect(places.find(({ place }) => place === 'sallyport events')?.content).toContain('auth_upstream_refreshed')
  const leaks = places.flatMap(({ place, content }) =>
    secrets.filter((secret) => content.includes(secret)).map((secret) => `${place}: ${secret}`),
  )
  expect([...new Set(leaks)]).toEqual([])

  delete process.env['SHARED_KEY']
  delete process.env['CLIENT_SECRET']
  await rm(directory, { recursive: true })
  await Promise.all([oauth.stop(), keys.stop()])
}, 120_000)

/** Everything in the data directory, the write-ahead log of a running gateway included; without the vault keys, which are a secret. */
async function readFiles(directory: string, note: (place: string, content: Buffer) => void): Promise<void> {
  for (const file of await readdir(join(directory, 'data'))) note(file, await readFile(join(directory, 'data', file)))
}

function projectWith(port: number, oauth: ProtectedUpstream, keys: ProtectedUpstream) {
  const policy = (id: string, options: object): TestPolicy => [
    'mcp-token-exchange-inbound',
    { id, displayName: id, ...options },
  ]
  const secret = { clientId: 'gateway', clientSecret: '$env(CLIENT_SECRET)' }
  const scopes = ['openid', 'read']
  const credentials = {
    dynamic: policy('dynamic', { authMode: 'user-oauth', scopes }),
    manual: policy('manual', { authMode: 'user-oauth', scopes, clientRegistration: { mode: 'manual', ...secret } }),
    machine: policy('machine', {
      authMode: 'client-credentials',
      clientCredentials: { clientAuth: { method: 'client_secret_basic', ...secret } },
    }),
    personal: policy('personal', { authMode: 'user-api-key' }),
    shared: policy('shared', { authMode: 'shared-api-key', apiKey: { value: '$env(SHARED_KEY)' } }),
  }
  const at = ({ mcpUrl }: ProtectedUpstream, credential: keyof typeof credentials) => ({
    upstream: mcpUrl,
    inbound: ['sign-in', credential],
  })
  return {
    settings: { listen: { port }, telemetry: { logLevel: 'debug', logEvents: 'all' } },
    servers: {
      dynamic: at(oauth, 'dynamic'),
      manual: at(oauth, 'manual'),
      machine: at(oauth, 'machine'),
      personal: at(keys, 'personal'),
      shared: at(keys, 'shared'),
    },
    policies: { ...signIn(), ...credentials },
  }
}
