import { expect, it, onTestFinished } from 'vitest'
import { signInByLink } from '../harness/admin-client.ts'
import { postModern } from '../harness/post-message.ts'
import { startWorkers, type WorkerGateway } from '../harness/start-workers.ts'
import { startHeldUpstream } from '../harness/upstreams/held-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'

const sixTimes = [0, 1, 2, 3, 4, 5]

/** Tools that six requests see, which come to three workers. */
async function countTools(gateway: WorkerGateway): Promise<(number | undefined)[]> {
  const counts: (number | undefined)[] = []
  for (const _ of sixTimes) {
    const { message } = await postModern(gateway.server('held'), gateway.key('ada'), 'tools/list')
    counts.push((message?.result?.tools as object[] | undefined)?.length)
  }
  return counts
}

it('the console is where the leader is, and what is saved there all workers run', async () => {
  const held = await startHeldUpstream()
  onTestFinished(() => held.close())
  const gateway = await startWorkers({
    settings: { admin: { listen: { port: 0 } } },
    servers: { held: { upstream: held.url, inbound: ['keys', 'curated'] } },
    policies: { curated: ['mcp-capability-filter-inbound', { tools: ['*'] }] },
  })
  const offer = async (tools: readonly string[]) => {
    const client = await signInByLink(gateway.directory)
    const { headers } = await client.call('GET', '/config/files')
    const path = ['policies', 1, 'handler', 'options', 'tools']
    const edits = [{ kind: 'set', file: 'config/policies.json', path, value: tools }]
    const ifMatch = { 'if-match': String(headers.etag) }
    const applied = await client.call('POST', '/config/apply', { body: { edits }, headers: ifMatch })
    expect(applied.status, applied.text).toBe(200)
    await waitUntil('all run it', async () => (await countTools(gateway)).every((count) => count === tools.length))
  }
  expect(await countTools(gateway)).toEqual([1, 1, 1, 1, 1, 1])
  await offer([])
  const reloads = () => gateway.logged('configuration reloaded').length
  await waitUntil('it is said', () => reloads() === 1)

  const [leader] = gateway.logged('this worker leads from now on')
  await gateway.killWorker(Number(leader?.worker))
  await offer(['hold'])
  expect(await gateway.stop()).toBe(0)
  expect(reloads()).toBe(2)
}, 90_000)
