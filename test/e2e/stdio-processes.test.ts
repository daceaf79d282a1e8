import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postModern } from '../harness/post-message.ts'
import { findFreePort, spawnGateway } from '../harness/spawn-gateway.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { listenToModern, openStdioClient, type StdioClient, type StreamMessage } from '../harness/stdio-client.ts'
import { followProcesses, isAlive, type ProcessTable, stdioServer } from '../harness/stdio-programs.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { createProject, signIn, type TestProject, type TestServer } from '../harness/write-project.ts'

interface Options {
  readonly args?: readonly string[]
  readonly env?: object
  readonly [option: string]: unknown
}

function project(processes: ProcessTable, options: Options = {}, settings: object = {}): TestProject {
  return { settings, policies: signIn(), servers: { local: serverOf(processes, options) } }
}

function serverOf(processes: ProcessTable, { env, ...options }: Options = {}): TestServer {
  return { upstream: stdioServer('scripted', { env: { ...processes.env, ...env }, ...options }), inbound: ['sign-in'] }
}

async function start(of: TestProject): Promise<TestGateway> {
  const gateway = await startTestGateway(of)
  onTestFinished(() => gateway.close())
  return gateway
}

async function signInAs(gateway: Pick<TestGateway, 'publicUrl'>, subject: string): Promise<[string, string]> {
  const url = `${gateway.publicUrl}/mcp/local`
  return [url, (await obtainToken(gateway.publicUrl, url, subject)).accessToken]
}

async function openAs(gateway: Pick<TestGateway, 'publicUrl'>, subject: string): Promise<StdioClient> {
  return openStdioClient(...(await signInAs(gateway, subject)))
}

const quickDrain = { limits: { drainSeconds: 1 } }

it('runs one process for each person, whatever number of clients they have', async () => {
  const processes = await followProcesses()
  const gateway = await start(project(processes))
  const [first, second, other] = await Promise.all([
    openAs(gateway, 'ada'),
    openAs(gateway, 'ada'),
    openAs(gateway, 'bob'),
  ])
  const pids = await Promise.all([first, second, other].map((client) => client.call('pid')))
  expect(pids[0]).toBe(pids[1])
  expect(pids[2]).not.toBe(pids[0])
  expect(processes.alive()).toHaveLength(2)
  await gateway.close()
  expect(processes.alive()).toEqual([])
})

it('runs one process for all where it is shared', async () => {
  const processes = await followProcesses()
  const gateway = await start(project(processes, { processes: 'shared' }))
  const clients = await Promise.all(['ada', 'bob', 'eve'].map((name) => openAs(gateway, name)))
  const pids = await Promise.all(clients.map((client) => client.call('pid')))
  expect(new Set(pids).size).toBe(1)
  await gateway.close()
  expect(processes.started()).toHaveLength(1)
  expect(processes.alive()).toEqual([])
})

it('leaves nobody behind when the gateway stops: neither a stubborn program nor its children', async () => {
  const processes = await followProcesses()
  const gateway = await start(project(processes, { args: ['--stubborn', '--children'] }))
  const client = await openAs(gateway, 'ada')
  await client.call('children')
  expect(processes.alive()).toHaveLength(4)
  await gateway.close()
  await processes.waitUntilEmpty()
})

it('leaves nobody behind when the gateway is ended by SIGKILL', async () => {
  const processes = await followProcesses()
  const port = await findFreePort()
  const directory = await createProject(
    project(processes, { args: ['--stubborn', '--children'] }, { listen: { port } }),
  )
  const spawned = await spawnGateway(directory, port, 'dev')
  const gateway = { publicUrl: `http://127.0.0.1:${port}` }
  const [ada, bob] = await Promise.all([openAs(gateway, 'ada'), openAs(gateway, 'bob')])
  await Promise.all([ada.call('children'), bob.call('children')])
  expect(processes.alive()).toHaveLength(8)
  await spawned.kill9()
  await processes.waitUntilEmpty()
}, 40_000)

it('leaves nobody behind when the gateway is ended by SIGKILL while a program starts', async () => {
  const processes = await followProcesses()
  const port = await findFreePort()
  const args = ['--silent', '--stubborn', '--children']
  const directory = await createProject(project(processes, { args }, { listen: { port } }))
  const spawned = await spawnGateway(directory, port, 'dev')
  const opening = openAs({ publicUrl: `http://127.0.0.1:${port}` }, 'ada').catch(() => 'no session')
  await waitUntil('the program has started', () => processes.alive().length === 2)
  await spawned.kill9()
  expect(await opening).toBe('no session')
  await processes.waitUntilEmpty()
}, 40_000)

it('takes the children of a program that ended with it', async () => {
  const processes = await followProcesses()
  const gateway = await start(project(processes))
  const client = await openAs(gateway, 'ada')
  const children = (await client.call('children')) as number[]
  expect(children.every(isAlive)).toBe(true)
  await expect(client.call('crash')).rejects.toThrow('upstream_disconnected')
  await processes.waitUntilEmpty()
})

it('starts a crashed program again, and never sends a call twice', async () => {
  const processes = await followProcesses()
  const gateway = await start(project(processes))
  const client = await openAs(gateway, 'ada')
  const before = await client.call('pid')
  await expect(client.call('crash')).rejects.toThrow('upstream_disconnected')
  const after = await client.call('pid')
  expect(after).not.toBe(before)
  const seen = (await client.call('received')) as string[]
  expect(seen.filter((line) => line.includes('"crash"'))).toEqual([])
})

it('waits longer and longer with a program that crashes on every start, and says why in the event alone', async () => {
  const processes = await followProcesses()
  const key = 'key-that-must-not-be-seen'
  const gateway = await start(project(processes, { args: ['--crash'], env: { UPSTREAM_KEY: key } }))
  const [url, token] = await signInAs(gateway, 'ada')
  const attempts = []
  for (let attempt = 0; attempt < 6; attempt++) {
    attempts.push(await openStdioClient(url, token).catch((error: unknown) => String(error)))
  }
  for (const attempt of attempts) {
    expect(attempt).toContain('upstream_unreachable')
    expect(attempt).not.toContain('cannot start')
  }
  // The first and the one that may follow at once; the third came within a second.
  expect(processes.started()).toHaveLength(2)
  const event = await gateway.waitForEvent(({ detail }) => detail?.includes('cannot start') ?? false)
  expect(event).toMatchObject({ reason: 'upstream_unreachable' })
  expect(event.detail).toContain('it exited with code 3')
  expect(JSON.stringify(gateway.events())).not.toContain(key)
})

it('does not let one person who crashes theirs keep others waiting', async () => {
  const processes = await followProcesses()
  const gateway = await start(project(processes))
  const ada = await openAs(gateway, 'ada')
  const bob = await openAs(gateway, 'bob')
  for (let attempt = 0; attempt < 3; attempt++) await ada.call('crash').catch(() => undefined)
  await expect(ada.call('pid')).rejects.toThrow('upstream_unreachable')
  expect(await bob.call('pid')).toBeTypeOf('number')
  await bob.call('crash').catch(() => undefined)
  expect(await bob.call('pid')).toBeTypeOf('number')
})

it('gives up on a program that does not answer in time', async () => {
  const processes = await followProcesses()
  const gateway = await start(project(processes, { args: ['--silent', '--stubborn'], startTimeoutSeconds: 1 }))
  await expect(openAs(gateway, 'ada')).rejects.toThrow('upstream_timeout')
  await processes.waitUntilEmpty()
})

it('ends a program that nobody uses, and starts it again when somebody does', async () => {
  const processes = await followProcesses()
  const gateway = await start(project(processes, { idleStopSeconds: 1 }))
  const client = await openAs(gateway, 'ada')
  const before = await client.call('pid')
  await processes.waitUntilEmpty()
  expect(await client.call('pid')).not.toBe(before)
})

it('does not end a program that is at work', async () => {
  const processes = await followProcesses()
  const gateway = await start(project(processes, { idleStopSeconds: 1, processes: 'shared' }))
  const [ada, bob] = await Promise.all([openAs(gateway, 'ada'), openAs(gateway, 'bob')])
  const waiting = ada.call('wait', { name: 'long' })
  await waitUntil('the call waits', async () => ((await bob.call('waiters')) as string[]).includes('long'))
  // Three times as long as a program may be idle.
  const deadline = performance.now() + 3_000
  await waitUntil('time has passed', () => performance.now() > deadline)
  await bob.call('release', { name: 'long' })
  expect(await waiting).toMatchObject({ released: 'long' })
})

it('makes room by ending the program that was idle for longest, and refuses when all are busy', async () => {
  const processes = await followProcesses()
  const gateway = await start(project(processes, { maxProcesses: 2 }, quickDrain))
  const ada = await openAs(gateway, 'ada')
  const adasProcess = await ada.call('pid')
  const bob = await openAs(gateway, 'bob')
  const eve = await openAs(gateway, 'eve')
  expect(await eve.call('pid')).toBeTypeOf('number')
  expect(isAlive(Number(adasProcess))).toBe(false)
  expect(processes.alive()).toHaveLength(2)
  const busy = [bob, eve].map((client) => client.call('wait', { name: 'x' }).catch(() => 'ended'))
  await expect.poll(() => bob.call('waiters')).toContain('x')
  await expect.poll(() => eve.call('waiters')).toContain('x')
  await expect(ada.call('pid')).rejects.toThrow('upstream_rate_limited')
  expect(processes.alive()).toHaveLength(2)
  await gateway.close()
  await Promise.all(busy)
})

it('makes room also where somebody only listens', async () => {
  const gateway = await start({
    settings: quickDrain,
    policies: signIn(),
    servers: { local: { upstream: stdioServer('sdk-v2', { maxProcesses: 1 }), inbound: ['sign-in'] } },
  })
  const [url, adas] = await signInAs(gateway, 'ada')
  const [, bobs] = await signInAs(gateway, 'bob')
  const heard: StreamMessage[] = []
  const stream = await listenToModern(url, adas, { toolsListChanged: true }, (message) => heard.push(message))
  onTestFinished(() => stream.close())
  await waitUntil('the subscription is there', () => heard.length > 0)
  const answer = await postModern(url, bobs, 'tools/call', { name: 'add', arguments: { a: 1, b: 1 } })
  expect(answer.message?.result).toMatchObject({ content: [{ text: '2' }] })
  await stream.ended
})

it('keeps a program whose settings did not change when the project is reloaded, and ends it when they did', async () => {
  const processes = await followProcesses()
  const gateway = await start(project(processes, {}, quickDrain))
  const client = await openAs(gateway, 'ada')
  const before = await client.call('pid')
  const changed = project(processes, {}, quickDrain)
  const more = { ...changed.servers, more: serverOf(processes) }
  expect(await gateway.reload({ ...changed, servers: more })).toEqual({ ok: true })
  expect(await client.call('pid')).toBe(before)
  const waiting = client.call('wait', { name: 'x' }).catch(String)
  await expect.poll(() => client.call('waiters')).toContain('x')
  expect(await gateway.reload(project(processes, { env: { CHANGED: 'yes' } }, quickDrain))).toEqual({ ok: true })
  const after = await client.call('pid')
  expect(after).not.toBe(before)
  await waitUntil('the one of before has ended', () => !isAlive(Number(before)))
  expect(await waiting).toContain('gateway_stopping')
  expect(isAlive(Number(after))).toBe(true)
})

it('ends the program of a route that left the project', async () => {
  const processes = await followProcesses()
  const gateway = await start(project(processes))
  const client = await openAs(gateway, 'ada')
  await client.call('pid')
  await gateway.reload({ policies: signIn(), servers: { other: serverOf(processes) } })
  await processes.waitUntilEmpty()
})

it('says what is wrong when there is no such program, or no such directory', async () => {
  const local = (options: object) => ({ upstream: options, inbound: ['sign-in'] })
  const gateway = await start({
    policies: signIn(),
    servers: {
      local: local({ command: 'no-such-program-anywhere' }),
      elsewhere: local({ command: 'cat', cwd: 'nowhere' }),
    },
  })
  await expect(openAs(gateway, 'ada')).rejects.toThrow('upstream_unreachable')
  await gateway.waitForEvent(({ detail }) => /code 127[\s\S]*no-such-program-anywhere/.test(detail ?? ''))
  const url = gateway.server('elsewhere')
  const { accessToken } = await obtainToken(gateway.publicUrl, url)
  await expect(openStdioClient(url, accessToken)).rejects.toThrow('upstream_unreachable')
  await gateway.waitForEvent(({ detail }) => detail?.includes('nowhere') ?? false)
})

it('refuses a project that brokers a credential for a program', async () => {
  const gateway = await start({ policies: signIn(), servers: {} })
  const result = await gateway.reload({
    policies: {
      ...signIn(),
      broker: [
        'mcp-token-exchange-inbound',
        { id: 'local', displayName: 'Local', authMode: 'shared-api-key', apiKey: { value: 'x' } },
      ],
    },
    servers: { local: { upstream: { command: 'cat' }, inbound: ['sign-in', 'broker'] } },
  })
  const problems = 'problems' in result ? result.problems : []
  expect(problems.map(({ message }) => message)).toContain(
    '"broker" brings a credential, but the handler has no URL that it could be sent to',
  )
  expect(problems.find(({ message }) => message.includes('has no URL'))?.remedy).toContain('options.env')
})

it('runs a program that stands in the project', async () => {
  const processes = await followProcesses()
  const port = await findFreePort()
  const server = stdioServer('scripted') as { readonly args: readonly string[] }
  const env = { ...processes.env, NODE: process.execPath, SERVER: server.args[0] }
  const directory = await createProject({
    settings: { listen: { port } },
    policies: signIn(),
    servers: { local: { upstream: { command: './run.sh', env }, inbound: ['sign-in'] } },
  })
  writeFileSync(join(directory, 'run.sh'), '#!/bin/sh\nexec "$NODE" "$SERVER"\n', { mode: 0o755 })
  const spawned = await spawnGateway(directory, port, 'dev')
  const client = await openAs({ publicUrl: `http://127.0.0.1:${port}` }, 'ada')
  expect(await client.call('pid')).toBe(processes.started()[0])
  expect(await spawned.stop()).toBe(0)
  expect(processes.alive()).toEqual([])
})
