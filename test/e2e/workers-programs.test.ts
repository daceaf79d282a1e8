import { expect, it, onTestFinished } from 'vitest'
import { type PostAnswer, postModern } from '../harness/post-message.ts'
import { startWorkers, type WorkerGateway } from '../harness/start-workers.ts'
import { openStdioClient, readToolText } from '../harness/stdio-client.ts'
import { followProcesses, stdioServer } from '../harness/stdio-programs.ts'
import { startOlderUpstream } from '../harness/upstreams/older-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'

// What there must be once is there once, whichever of three workers a request comes to.

const sixTimes = [0, 1, 2, 3, 4, 5]

/** The process that serves a person of 2026-07-28, as each of six requests finds it. */
async function pidsOf(gateway: WorkerGateway, server: string, person: string, tool = 'pid'): Promise<Set<unknown>> {
  const found = new Set<unknown>()
  for (const _ of sixTimes) {
    const params = { name: tool, arguments: {} }
    found.add(readToolText(await postModern(gateway.server(server), gateway.key(person), 'tools/call', params)))
  }
  return found
}

it('one process for each person, whatever client they use, also within an aggregate', async () => {
  const processes = await followProcesses()
  const servers = {
    local: { upstream: stdioServer('scripted', { env: processes.env }), inbound: ['keys'] },
    all: { upstream: { members: { here: { route: 'local' } } }, inbound: ['keys'] },
  }
  const gateway = await startWorkers({ servers }, { people: ['ada', 'bob', 'eve'] })
  const ofAda = await pidsOf(gateway, 'local', 'ada')
  expect(ofAda.size).toBe(1)
  for (const server of ['local', 'all']) {
    const client = await openStdioClient(gateway.server(server), gateway.key('ada'))
    for (const _ of sixTimes) expect(ofAda).toContain(await client.call(server === 'all' ? 'here_pid' : 'pid'))
  }
  expect(await pidsOf(gateway, 'all', 'ada', 'here_pid')).toEqual(ofAda)
  const others = [...(await pidsOf(gateway, 'local', 'bob')), ...(await pidsOf(gateway, 'local', 'eve'))]
  expect(new Set([...ofAda, ...others]).size).toBe(3)
  // An older and a newer client talk to a program of an older revision alike.
  expect(processes.alive()).toHaveLength(3)
  expect(await gateway.stop()).toBe(0)
  await processes.waitUntilEmpty()
}, 60_000)

it('one process for all where it is shared, also beside personal ones in an aggregate', async () => {
  const processes = await followProcesses()
  const scripted = (processes_: object) => stdioServer('scripted', { env: processes.env, ...processes_ })
  const servers = {
    shared: { upstream: scripted({ processes: 'shared' }), inbound: ['keys'] },
    own: { upstream: scripted({}), inbound: ['keys'] },
    both: { upstream: { members: { s: { route: 'shared' }, o: { route: 'own' } } }, inbound: ['keys'] },
  }
  const people = ['ada', 'bob', 'eve', 'dan']
  const gateway = await startWorkers({ servers }, { people })
  const found = new Set<unknown>()
  for (const person of people) {
    for (const pid of await pidsOf(gateway, 'shared', person)) found.add(pid)
    for (const pid of await pidsOf(gateway, 'both', person, 's_pid')) found.add(pid)
    expect(await pidsOf(gateway, 'both', person, 'o_pid')).toEqual(await pidsOf(gateway, 'own', person))
  }
  expect(found.size).toBe(1)
  expect(processes.alive()).toHaveLength(1 + people.length)
  expect(await gateway.stop()).toBe(0)
  await processes.waitUntilEmpty()
}, 60_000)

const asking = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
}
const stateOf = ({ message }: PostAnswer) => String(message?.result?.requestState)
const saidBy = ({ message }: PostAnswer) => (message?.result?.content as { text: string }[] | undefined)?.[0]?.text

it('a call that waits for its client goes on where it waits, each time, and ran once', async () => {
  const upstream = await startOlderUpstream()
  onTestFinished(() => upstream.close())
  const processes = await followProcesses()
  const servers = {
    older: { upstream: upstream.url, inbound: ['keys'] },
    local: { upstream: stdioServer('scripted', { env: processes.env }), inbound: ['keys'] },
    all: { upstream: { members: { up: { route: 'older' }, here: { route: 'local' } } }, inbound: ['keys'] },
  }
  const gateway = await startWorkers({ servers })
  const call = (server: string, name: string, input: object, round: object = {}) => {
    const params = { name, arguments: input, ...round, _meta: asking }
    return postModern(gateway.server(server), gateway.key('ada'), 'tools/call', params)
  }
  const answers = { r0: { action: 'accept', content: { name: 'Ada', answer: 'yes' } } }
  const ways = [
    ['older', 'greet', 'Hello, Ada!'],
    ['all', 'up_greet', 'Hello, Ada!'],
    ['local', 'ask', JSON.stringify({ answer: answers.r0 })],
    ['all', 'here_ask', JSON.stringify({ answer: answers.r0 })],
  ] as const
  for (const [server, name, said] of ways) {
    for (const _ of [0, 1, 2]) {
      const asked = await call(server, name, { question: 'Sure?' })
      const requestState = stateOf(asked)
      expect(requestState, asked.text).toMatch(/^\d-[\w-]{6}\./)
      const round = { requestState, inputResponses: answers }
      const answered = await call(server, name, { question: 'Sure?' }, round)
      expect(saidBy(answered), answered.text).toBe(said)
      for (const __ of [0, 1, 2]) {
        const late = await call(server, name, { question: 'Sure?' }, round)
        expect(late.message?.error?.data?.reason).toBe('input_expired')
      }
    }
  }
  expect(upstream.calls.filter((each) => each.endsWith(':greet'))).toHaveLength(6)
  expect(await gateway.stop()).toBe(0)
}, 60_000)

it('a limit is one for all workers', async () => {
  const upstream = await startOlderUpstream()
  onTestFinished(() => upstream.close())
  const processes = await followProcesses()
  const servers = {
    older: { upstream: upstream.url, inbound: ['keys', 'limit'] },
    local: { upstream: stdioServer('scripted', { env: processes.env }), inbound: ['keys', 'limit'] },
  }
  const options = { rateLimitBy: 'user', requestsAllowed: 20, timeWindowMinutes: 60 }
  const gateway = await startWorkers({ servers, policies: { limit: ['rate-limit-inbound', options] } })
  const list = async (server: string) =>
    (await postModern(gateway.server(server), gateway.key('ada'), 'tools/list')).status
  // What is passed on from one worker to another counts once.
  const statuses: number[] = []
  for (const _ of sixTimes) statuses.push(await list('older'), await list('local'))
  expect(statuses).toEqual(statuses.map(() => 200))
  const rest = await Promise.all(Array.from({ length: 30 }, (_, n) => list(n % 2 === 0 ? 'older' : 'local')))
  expect(rest.filter((status) => status === 200)).toHaveLength(20 - statuses.length)
  expect(rest.filter((status) => status === 429)).toHaveLength(30 - 20 + statuses.length)
  const recorded = () => gateway.events().filter(({ virtualServer }) => virtualServer !== null)
  await waitUntil('each is one event', () => recorded().length === statuses.length + rest.length)
  expect(await gateway.stop()).toBe(0)
}, 60_000)
