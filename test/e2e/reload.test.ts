import { rm } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { callTool, type PostAnswer, postModern } from '../harness/post-message.ts'
import { findFreePort, spawnGateway } from '../harness/spawn-gateway.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { type HeldUpstream, startHeldUpstream } from '../harness/upstreams/held-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { createProject, signIn, type TestProject, writeProject } from '../harness/write-project.ts'

let held: HeldUpstream
let echo: EchoUpstream
beforeAll(async () => {
  held = await startHeldUpstream()
  echo = await startEchoUpstream()
})
afterAll(async () => {
  await held.close()
  await echo.close()
})

function project(upstream: string, tools: readonly string[] = ['*']): TestProject {
  return {
    servers: { tools: { upstream, inbound: ['sign-in', 'curated'] } },
    policies: { ...signIn(), curated: ['mcp-capability-filter-inbound', { tools }] },
  }
}

const toolNames = (answer: PostAnswer) =>
  (answer.message?.result?.['tools'] as { name: string }[] | undefined)?.map((tool) => tool.name)

describe('reload', () => {
  let gateway: TestGateway
  let url: string
  let token: string
  beforeEach(async () => {
    gateway = await startTestGateway(project(held.url))
    url = gateway.server('tools')
    token = (await obtainToken(gateway.publicUrl, url)).accessToken
  })
  afterEach(() => gateway.close())

  it('swaps a good edit in', async () => {
    expect(toolNames(await postModern(url, token, 'tools/list'))).toEqual(['hold'])
    expect(await gateway.reload(project(held.url, []))).toEqual({ ok: true })
    expect(toolNames(await postModern(url, token, 'tools/list'))).toEqual([])
    expect(await gateway.reload(project(echo.url))).toEqual({ ok: true })
    expect(toolNames(await postModern(url, token, 'tools/list'))).toEqual(['echo'])
  })

  it('keeps what runs when an edit is broken, and says where', async () => {
    const broken = project(held.url)
    const servers = { tools: { upstream: held.url, inbound: ['sign-in', 'curatd'] } }
    const result = await gateway.reload({ ...broken, servers })
    const problem = { file: 'config/routes.oas.json', severity: 'error', remedy: 'Write "curated".' }
    expect(result).toMatchObject({ ok: false, problems: expect.arrayContaining([expect.objectContaining(problem)]) })
    expect(toolNames(await postModern(url, token, 'tools/list'))).toEqual(['hold'])
  })

  it('lets a running call finish on the old snapshot', async () => {
    const answer = callTool(url, token, 'hold')
    const call = await held.nextCall()
    expect(await gateway.reload(project(echo.url))).toEqual({ ok: true })
    expect((await callTool(url, token, 'echo')).status).toBe(200)
    call.answer('from the old upstream')
    expect((await answer).message?.result).toMatchObject({ content: [{ text: 'from the old upstream' }] })
  })
})

describe('sallyport dev', () => {
  it('reloads when a file changes', async () => {
    const port = await findFreePort()
    const pinned = (next: TestProject): TestProject => ({ ...next, settings: { listen: { port } } })
    const directory = await createProject(pinned(project(held.url)))
    const gateway = await spawnGateway(directory, port, 'dev')
    const url = `http://127.0.0.1:${port}/mcp/tools`
    const { accessToken } = await obtainToken(`http://127.0.0.1:${port}`, url)
    const list = async () => toolNames(await postModern(url, accessToken, 'tools/list')) ?? []
    expect(await list()).toEqual(['hold'])
    await writeProject(directory, pinned(project(held.url, ['nothing'])))
    await waitUntil('the new configuration', async () => (await list()).length === 0)
    await writeProject(directory, pinned({ ...project(held.url), policies: {} }))
    await waitUntil('the report', () => gateway.output().includes('not reloaded'))
    expect(await list()).toEqual([])
    expect(await gateway.stop()).toBe(0)
    await rm(directory, { recursive: true })
  })
})
