import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type PostAnswer, postModern } from '../harness/post-message.ts'
import { runCli } from '../harness/run-cli.ts'
import { spawnGateway } from '../harness/spawn-gateway.ts'
import { startWorkers, type WorkerGateway } from '../harness/start-workers.ts'
import { openStdioClient, type StreamMessage } from '../harness/stdio-client.ts'
import { followProcesses, isAlive, stdioServer } from '../harness/stdio-programs.ts'
import { startHeldUpstream } from '../harness/upstreams/held-upstream.ts'
import { startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { startOlderUpstream } from '../harness/upstreams/older-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { createProject, type TestProject } from '../harness/write-project.ts'

// Processes end at the worst moment. Three workers each time; requests come to them in turn.

const slotOf = (id: string) => Number(id.slice(0, id.indexOf('-')))
const sixTimes = [0, 1, 2, 3, 4, 5]

it('a worker that is killed takes its own streams along and no others, and its sessions go on', async () => {
  const upstream = await startModernUpstream()
  onTestFinished(() => upstream.close())
  const work = { resultType: 'complete', content: [{ type: 'text', text: '"done"' }] }
  upstream.onRequest = (request) => {
    if (!JSON.stringify(request.message.params).includes('"hold"')) request.answer({ result: work })
  }
  const gateway = await startWorkers({ servers: { scripted: { upstream: upstream.url, inbound: ['keys'] } } })
  const open = async () => {
    const client = await openStdioClient(gateway.server('scripted'), gateway.key('ada'))
    const stream = { isOver: false, heard: [] as StreamMessage[] }
    const { ended } = await client.listen((message) => void stream.heard.push(message))
    void ended.then(() => {
      stream.isOver = true
    })
    return { client, stream, slot: slotOf(client.sessionId) }
  }
  const sessions: Awaited<ReturnType<typeof open>>[] = []
  for (let n = 0; n < 9; n++) sessions.push(await open())
  expect(new Set(sessions.map(({ slot }) => slot)).size).toBe(3)
  await waitUntil('all listen upstream', () => upstream.of('subscriptions/listen').length === 9)

  const { client, slot } = sessions[0] ?? (await open())
  const hold = (id: number) => ({ id, method: 'tools/call', params: { name: 'work', arguments: { hold: true } } })
  const held = [1, 2, 3].map((id) => client.post(hold(id)).catch(() => undefined))
  await waitUntil('the calls', () => upstream.of('tools/call').length === 3)
  await gateway.killWorker(slot)
  // Who is connected to a worker that lives hears what happened; the one who is not loses the connection.
  const lost = (await Promise.all(held)).filter((answer) => answer !== undefined)
  expect(lost.map(({ status, message }) => [status, message?.error?.data?.reason])).toEqual([
    [502, 'worker_lost'],
    [502, 'worker_lost'],
  ])
  expect(upstream.of('tools/call')).toHaveLength(3)

  const owned = sessions.filter((session) => session.slot === slot)
  await waitUntil('its own streams are over', () => owned.every(({ stream }) => stream.isOver))
  const left = sessions.filter(({ stream }) => !stream.isOver)
  expect(left.length).toBeGreaterThan(0)
  for (const { response } of upstream.of('subscriptions/listen')) {
    if (!response.closed) response.write(event('notifications/tools/list_changed'))
  }
  await waitUntil('the others go on', () => left.every(({ stream }) => stream.heard.length > 0))
  for (const session of sessions) {
    for (const _ of [0, 1, 2]) expect(await session.client.call('work')).toBe('done')
  }
  expect(gateway.logged('a worker ended; another one is started')).toHaveLength(1)
}, 90_000)

const event = (method: string) => `data: ${JSON.stringify({ jsonrpc: '2.0', method, params: {} })}\n\n`

it('a call that waits in a worker that is killed is not done twice; others wait on', async () => {
  const upstream = await startOlderUpstream()
  onTestFinished(() => upstream.close())
  const people = ['ada', 'bob', 'eve', 'dan', 'fay', 'gus']
  const gateway = await startWorkers({ servers: { older: { upstream: upstream.url, inbound: ['keys'] } } }, { people })
  const greet = (person: string, round: object = {}): Promise<PostAnswer> => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
    }
    return postModern(gateway.server('older'), gateway.key(person), 'tools/call', {
      name: 'greet',
      arguments: {},
      ...round,
      _meta,
    })
  }
  const waiting: { person: string; requestState: string }[] = []
  for (const person of people) {
    const asked = await greet(person)
    waiting.push({ person, requestState: String(asked.message?.result?.requestState) })
  }
  expect(new Set(waiting.map(({ requestState }) => slotOf(requestState))).size).toBeGreaterThan(1)
  const slot = slotOf(waiting[0]?.requestState ?? '')
  await gateway.killWorker(slot)
  for (const { person, requestState } of waiting) {
    const inputResponses = { r0: { action: 'accept', content: { name: person } } }
    for (const time of [0, 1, 2]) {
      const { message } = await greet(person, { requestState, inputResponses })
      if (slotOf(requestState) === slot || time > 0) expect(message?.error?.data?.reason).toBe('input_expired')
      else expect(message?.result?.content).toMatchObject([{ text: `Hello, ${person}!` }])
    }
  }
  expect(upstream.calls).toHaveLength(people.length)
  expect((await greet('ada')).message?.result).toMatchObject({ resultType: 'input_required' })
}, 90_000)

it('a worker that leads is followed by another one; a worker that is asked to stop, by one in its place', async () => {
  const held = await startHeldUpstream()
  onTestFinished(() => held.close())
  const gateway = await startWorkers({ servers: { held: { upstream: held.url, inbound: ['keys'] } } })
  const leaders = () => gateway.logged('this worker leads from now on').map(({ worker }) => worker)
  await waitUntil('one leads', () => leaders().length === 1)
  await gateway.killWorker(Number(leaders()[0]))
  await waitUntil('another one leads', () => leaders().length === 2)
  expect(leaders()[1]).not.toBe(leaders()[0])

  const pid = gateway.pids().get(2) ?? 0
  process.kill(pid, 'SIGTERM')
  await waitUntil('another one serves', () => gateway.pids().get(2) !== pid)
  expect(gateway.logged('a worker stopped; another one is started')).toHaveLength(1)
  for (const _ of sixTimes) {
    expect((await postModern(gateway.server('held'), gateway.key('ada'), 'tools/list')).status).toBe(200)
  }
}, 90_000)

it('nothing outlives the process that started the workers, however it ends', async () => {
  const processes = await followProcesses()
  const servers = { local: { upstream: stdioServer('scripted', { env: processes.env }), inbound: ['keys'] } }
  const people = ['ada', 'bob', 'eve', 'dan']
  const temporary = await mkdtemp(join(tmpdir(), 'sallyport-temporary-'))
  onTestFinished(() => rm(temporary, { recursive: true, force: true }))
  const gateway = await startWorkers({ servers }, { people, environment: { TMPDIR: temporary } })
  expect(await readdir(temporary)).toEqual([expect.stringMatching(/^sallyport-/)])
  for (const person of people) {
    const params = { name: 'pid', arguments: {} }
    const answer = await postModern(gateway.server('local'), gateway.key(person), 'tools/call', params)
    expect(answer.status).toBe(200)
  }
  const workers = [...gateway.pids().values()]
  expect(workers.filter(isAlive)).toHaveLength(3)
  await gateway.kill9()
  await waitUntil('all workers have ended', () => !workers.some(isAlive))
  await processes.waitUntilEmpty()
  await waitUntil('no socket is left', async () => (await readdir(temporary)).length === 0)
}, 90_000)

it('SIGTERM lets calls finish, also those that were passed on, and then nobody is left', async () => {
  const upstream = await startModernUpstream()
  onTestFinished(() => upstream.close())
  upstream.onRequest = () => undefined
  const gateway = await startWorkers({ servers: { scripted: { upstream: upstream.url, inbound: ['keys'] } } })
  const workers = [...gateway.pids().values()]
  const client = await openStdioClient(gateway.server('scripted'), gateway.key('ada'))
  const calls = sixTimes.map((id) => client.post({ id, method: 'tools/call', params: { name: 'work', arguments: {} } }))
  await waitUntil('the calls', () => upstream.of('tools/call').length === calls.length)
  const ended = gateway.stop()
  await waitUntil('it stops', () => gateway.logged('stopping').length > 0)
  for (const request of upstream.of('tools/call')) request.answer({ result: { resultType: 'complete', content: [] } })
  for (const call of calls) expect((await call).message?.result).toMatchObject({ content: [] })
  expect(await ended).toBe(0)
  expect(workers.filter(isAlive)).toEqual([])
  expect(gateway.logged('stopping')).toHaveLength(1)
}, 90_000)

it('a project is loaded again by all workers, or by none, and what is wrong with it is said once', async () => {
  const held = await startHeldUpstream()
  onTestFinished(() => held.close())
  const project = (tools: readonly string[]): TestProject => ({
    servers: { held: { upstream: held.url, inbound: ['keys', 'curated'] } },
    policies: { curated: ['mcp-capability-filter-inbound', { tools }] },
  })
  const gateway = await startWorkers(project(['*']))
  const counts = async () => {
    const found: unknown[] = []
    for (const _ of sixTimes) found.push(await countTools(gateway))
    return found
  }
  expect(await counts()).toEqual([1, 1, 1, 1, 1, 1])
  await gateway.reload(project([]))
  await waitUntil('it is loaded', () => gateway.logged('configuration reloaded').length === 1)
  expect(await counts()).toEqual([0, 0, 0, 0, 0, 0])

  await gateway.reload({ ...project([]), settings: { workers: 4 } })
  const kept = () => gateway.logged('not reloaded, the running configuration stays')
  await waitUntil('a fixed setting', () => kept().length === 1)
  await gateway.reload({ servers: { held: { upstream: 'no URL', inbound: ['keys'] } } })
  await waitUntil('a broken project', () => kept().length === 2)
  expect(await counts()).toEqual([0, 0, 0, 0, 0, 0])
  // Whoever takes the place of a worker that ended cannot start on it; the others go on, and it comes back with the project.
  process.kill(gateway.pids().get(1) ?? 0, 'SIGKILL')
  await waitUntil('it was tried', () => gateway.logged('a worker ended; another one is started').length > 1, 30_000)
  expect(await counts()).toEqual([0, 0, 0, 0, 0, 0])
  const before = gateway.pids().get(1)
  await gateway.reload(project(['*']))
  await waitUntil('it is back', () => gateway.pids().get(1) !== before, 60_000)
  expect(await counts()).toEqual([1, 1, 1, 1, 1, 1])
}, 120_000)

async function countTools(gateway: WorkerGateway): Promise<number | undefined> {
  const answer = await postModern(gateway.server('held'), gateway.key('ada'), 'tools/list')
  return (answer.message?.result?.tools as object[] | undefined)?.length
}

it('a project that cannot run ends it at once, and says why once', async () => {
  const directory = await createProject({ settings: { workers: 3 }, servers: {} })
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await writeFile(join(directory, 'config/policies.json'), '{')
  const { code, errors } = await runCli('start', directory)
  expect(code).toBe(1)
  expect(errors.match(/policies\.json/g)).toHaveLength(1)
}, 60_000)

it('where there is no place for sockets it says what to do', async () => {
  const held = await startHeldUpstream()
  onTestFinished(() => held.close())
  const settings = { workers: 2, publicUrl: 'https://gateway.example' }
  const directory = await createProject({ settings, servers: { held: { upstream: held.url, inbound: [] } } })
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const started = spawnGateway(directory, 1, 'start', { TMPDIR: join(directory, 'not-there') })
  await expect(started).rejects.toThrow(/TMPDIR/)
}, 60_000)
