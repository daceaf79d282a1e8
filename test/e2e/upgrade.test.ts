import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../../src/gateway.ts'
import { refresh, sendJson } from '../harness/authorization-server.ts'
import { callTool } from '../harness/post-message.ts'
import { runCli } from '../harness/run-cli.ts'
import { findFreePort } from '../harness/spawn-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { createProject, signIn } from '../harness/write-project.ts'

// A store that an earlier version wrote, with what its holders have. The tokens end in a hundred years.
const issuedAt = 'http://127.0.0.1:47123'
const person = {
  clientId: 'nD3dOypeZnbLKndMX7qbna',
  accessToken: 'sp_at_HDz0q0evFmdenRjAEEfmbhtO_2PFrleGy0riO9Z1XEW',
  refreshToken: 'sp_rt_r7io0SVGkCtsFqJHGZbkPpVIO-G-6I4ljX64VaTo6kt',
}
const apiKey = 'sp_key_DOVFOIIhtyCV3JO476nCrrYiYU6xtwmXEwebV3CuuLS0Lnxn5'
const robot = { id: 'client_2c5af966dfbf03af', secret: 'sp_cs_-m9EWTuCntzCBTroHrRrD51fBqXZVyBQoAoIb-FZJz8' }

let upstream: EchoUpstream
let directory: string
let gateway: RunningGateway
let url: string
beforeAll(async () => {
  upstream = await startEchoUpstream()
  const port = await findFreePort()
  url = `http://127.0.0.1:${port}`
  directory = await createProject({
    settings: { publicUrl: issuedAt, listen: { port } },
    servers: { echo: { upstream: upstream.url, inbound: ['sign-in', 'keys'] } },
    policies: { ...signIn(), keys: ['api-key-inbound', {}] },
  })
  await writeFile(join(directory, '.env'), `SALLYPORT_VAULT_KEYS=k1:${Buffer.alloc(32, 7).toString('base64')}\n`)
  await mkdir(join(directory, 'data'))
  const database = new DatabaseSync(join(directory, 'data/sallyport.db'))
  database.exec(await readFile(join(import.meta.dirname, '../fixtures/stores/version-2.sql'), 'utf8'))
  database.close()
  gateway = await startGateway({ projectDirectory: directory, mode: 'dev' })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await rm(directory, { recursive: true })
})

const call = async (token: unknown) => (await callTool(`${url}/mcp/echo`, String(token), 'echo')).status

it('leaves people signed in, and their clients can renew', async () => {
  expect(await call(person.accessToken)).toBe(200)
  const { body } = await refresh(url, person.clientId, person.refreshToken)
  expect(await call(body['access_token'])).toBe(200)
})

it('leaves API keys as good as they were', async () => {
  expect(await call(apiKey)).toBe(200)
})

it('leaves programs their secret, and the operator the clients of each tenant', async () => {
  const authorization = `Basic ${Buffer.from(`${robot.id}:${robot.secret}`).toString('base64')}`
  const form = { grant_type: 'client_credentials', resource: `${issuedAt}/mcp/echo` }
  const { body } = await sendJson(`${url}/oauth/token`, { form, headers: { authorization } })
  expect(await call(body['access_token'])).toBe(200)
  expect((await runCli('clients', 'list', directory, '--tenant', 'acme')).out).toContain(robot.id)
  expect((await runCli('clients', 'revoke', robot.id, directory, '--tenant', 'acme')).code).toBe(0)
})
