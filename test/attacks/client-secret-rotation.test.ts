import { afterAll, beforeAll, expect, test } from 'vitest'
import { sendJson } from '../harness/authorization-server.ts'
import { postModern } from '../harness/post-message.ts'
import { runCli } from '../harness/run-cli.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn } from '../harness/write-project.ts'

let upstream: EchoUpstream
let gateway: TestGateway
beforeAll(async () => {
  upstream = await startEchoUpstream()
  gateway = await startTestGateway({
    servers: { tracker: { upstream: upstream.url, inbound: ['sign-in'] } },
    policies: signIn(),
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function createRobot(): Promise<string> {
  const flags = ['--id', 'robot', '--server', 'tracker', '--json']
  return (
    JSON.parse((await runCli('clients', 'create', 'Robot', gateway.directory, ...flags)).out) as { secret: string }
  ).secret
}

async function obtain(secret: string): Promise<string> {
  const { body } = await sendJson(`${gateway.publicUrl}/oauth/token`, {
    form: { grant_type: 'client_credentials', resource: gateway.server('tracker') },
    headers: { authorization: `Basic ${Buffer.from(`robot:${secret}`).toString('base64')}` },
  })
  return String(body['access_token'])
}

const call = async (token: string) => (await postModern(gateway.server('tracker'), token, 'tools/list')).status

test('stolen tokens of a removed client stay dead when a client of the same id is made anew', async () => {
  const secret = await createRobot()
  const [used, unused] = [await obtain(secret), await obtain(secret)]
  expect(await call(used)).toBe(200)
  await runCli('clients', 'revoke', 'robot', gateway.directory)
  // The revocation may find the request on its way and end it.
  const status = () => call(used).catch(() => undefined)
  await waitUntil('the end of the token', async () => (await status()) === 401 || undefined)
  const fresh = await obtain(await createRobot())
  expect([await call(used), await call(unused), await call(fresh)]).toEqual([401, 401, 200])
  expect((await obtain(secret)).startsWith('sp_at_')).toBe(false)
})

test('a client that may not call a virtual server any more cannot go on with the tokens that it has', async () => {
  const [client, other] = ['reporter', 'janitor'].map((id) => ({ id, name: id, secret: `secret-of-the-${id}` }))
  const server = { upstream: upstream.url, inbound: ['sign-in'] }
  const project = (servers: readonly string[]) => ({
    settings: {
      clients: [
        { ...client, servers },
        { ...other, servers: ['*'] },
      ],
    },
    servers: { tracker: server, payroll: server },
    policies: signIn(),
  })
  const running = await startTestGateway(project(['tracker', 'payroll']))
  const ask = async (id: string) => {
    const { body } = await sendJson(`${running.publicUrl}/oauth/token`, {
      form: { grant_type: 'client_credentials', resource: running.server('payroll') },
      headers: { authorization: `Basic ${Buffer.from(`${id}:secret-of-the-${id}`).toString('base64')}` },
    })
    return String(body['access_token'])
  }
  const tokens = [await ask('reporter'), await ask('janitor')]
  const status = () =>
    Promise.all(tokens.map(async (token) => (await postModern(running.server('payroll'), token, 'tools/list')).status))
  expect(await status()).toEqual([200, 200])
  await running.reload(project(['tracker']))
  expect(await status()).toEqual([401, 200])
  await running.close()
})
