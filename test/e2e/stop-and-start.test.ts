import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { callTool, postModern } from '../harness/post-message.ts'
import { findFreePort, spawnGateway } from '../harness/spawn-gateway.ts'
import { type HeldUpstream, startHeldUpstream } from '../harness/upstreams/held-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { createProject, signIn, type TestProject, writeProject } from '../harness/write-project.ts'

let held: HeldUpstream
beforeAll(async () => {
  held = await startHeldUpstream()
})
afterAll(() => held.close())

it('SIGTERM lets a running call finish, then ends with code 0', async () => {
  const port = await findFreePort()
  const origin = `http://127.0.0.1:${port}`
  const servers = { held: { upstream: held.url, inbound: ['sign-in'] } }
  const directory = await createProject({ settings: { listen: { port } }, servers, policies: signIn() })
  const gateway = await spawnGateway(directory, port, 'dev')
  const { accessToken } = await obtainToken(origin, `${origin}/mcp/held`)
  const answer = callTool(`${origin}/mcp/held`, accessToken, 'hold')
  const call = await held.nextCall()
  const ended = gateway.stop()
  await waitUntil('the gateway stops', () => gateway.output().includes('stopping'))
  expect(gateway.process.exitCode).toBeNull()
  call.answer('in time')
  expect((await answer).message?.result).toMatchObject({ content: [{ text: 'in time' }] })
  expect(await ended).toBe(0)
  await rm(directory, { recursive: true })
})

it('sallyport start reads the project again on SIGHUP', async () => {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}/mcp/open`
  // Without sign-in: people cannot sign in by name in production.
  const project = (tools: readonly string[]): TestProject => ({
    settings: { listen: { port }, publicUrl: 'https://gateway.example' },
    servers: { open: { upstream: held.url, inbound: ['curated'] } },
    policies: { curated: ['mcp-capability-filter-inbound', { tools }] },
  })
  const directory = await createProject(project(['*']))
  const environment = { SALLYPORT_VAULT_KEYS: `k1:${randomBytes(32).toString('base64')}` }
  const gateway = await spawnGateway(directory, port, 'start', environment)
  const count = async () => {
    const answer = await postModern(url, 'none', 'tools/list')
    return (answer.message?.result?.['tools'] as object[] | undefined)?.length
  }
  expect(await count()).toBe(1)
  await writeProject(directory, project([]))
  gateway.process.kill('SIGHUP')
  await waitUntil('the new configuration', async () => (await count()) === 0)
  expect(await gateway.stop()).toBe(0)
  await rm(directory, { recursive: true })
})
