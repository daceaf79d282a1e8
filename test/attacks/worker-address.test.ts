import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { request as sendRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type PostAnswer, postModern, postRaw } from '../harness/post-message.ts'
import { startWorkers } from '../harness/start-workers.ts'
import { openStdioClient } from '../harness/stdio-client.ts'
import { startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { startOlderUpstream } from '../harness/upstreams/older-upstream.ts'

// Ids that clients hold say in the clear which worker made them, and workers pass requests on to each other. Nobody gets anywhere by writing
// another address, or by speaking as a worker.

const threeTimes = [0, 1, 2]

/** Addresses that anybody can write: of every worker, of none, and what only looks like one. */
function forge(id: string, addresses: readonly string[]): string[] {
  const sealed = id.slice(id.indexOf('.') + 1)
  const others = [
    '0-AAAAAA',
    '1-AAAAAA',
    '2-AAAAAA',
    '7-AAAAAA',
    '255-______',
    '999-AAAAAA',
    '..',
    '0-',
    '0-AAAAAA.0-AAAAAA',
  ]
  return [...addresses.filter((each) => !id.startsWith(each)), ...others].map((each) => `${each}.${sealed}`)
}

const addressOf = (id: string) => id.slice(0, id.indexOf('.'))

it('a session id with another address is no session, and neither is that of another person', async () => {
  const upstream = await startModernUpstream()
  onTestFinished(() => upstream.close())
  const servers = { scripted: { upstream: upstream.url, inbound: ['keys'] } }
  const gateway = await startWorkers({ servers }, { people: ['ada', 'eve'] })
  const url = gateway.server('scripted')
  const sessions = []
  for (const _ of threeTimes) sessions.push(await openStdioClient(url, gateway.key('ada')))
  const addresses = sessions.map(({ sessionId }) => addressOf(sessionId))
  expect(new Set(addresses).size).toBe(3)
  const ask = (session: string, person: string) =>
    postRaw(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }), {
      authorization: `Bearer ${gateway.key(person)}`,
      'mcp-session-id': session,
      'mcp-protocol-version': '2025-11-25',
    })
  for (const { sessionId } of sessions) {
    for (const forged of forge(sessionId, addresses)) {
      for (const _ of threeTimes) expect((await ask(forged, 'ada')).status, forged).toBe(404)
    }
    for (const _ of threeTimes) {
      expect((await ask(sessionId, 'eve')).status).toBe(404)
      expect((await ask(sessionId, 'nobody')).status).toBe(401)
      expect((await ask(sessionId, 'ada')).status).toBe(200)
    }
  }
  expect(gateway.logged('unexpected error')).toEqual([])
}, 60_000)

it('a requestState with another address answers nothing, and neither does that of another person', async () => {
  const upstream = await startOlderUpstream()
  onTestFinished(() => upstream.close())
  const people = ['ada', 'bob', 'eve', 'dan']
  const gateway = await startWorkers({ servers: { older: { upstream: upstream.url, inbound: ['keys'] } } }, { people })
  const greet = (person: string, round: object = {}): Promise<PostAnswer> => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
    }
    const params = { name: 'greet', arguments: {}, ...round, _meta }
    return postModern(gateway.server('older'), gateway.key(person), 'tools/call', params)
  }
  const states: string[] = []
  for (const person of people) states.push(String((await greet(person)).message?.result?.requestState))
  const ran = upstream.calls.length
  const [own = ''] = states
  const inputResponses = { r0: { action: 'accept', content: { name: 'Eve' } } }
  for (const requestState of [...forge(own, states.map(addressOf)), ...states.slice(1)]) {
    for (const _ of threeTimes) {
      const answer = await greet('ada', { requestState, inputResponses })
      expect([answer.status, answer.message?.error?.code], requestState).toEqual([400, -32602])
      expect(answer.message?.error?.data?.reason).toBe('input_state_invalid')
    }
  }
  expect(upstream.calls).toHaveLength(ran)
  const answered = await greet('ada', { requestState: own, inputResponses })
  expect(answered.message?.result?.content).toMatchObject([{ text: 'Hello, Eve!' }])
  expect(gateway.logged('unexpected error')).toEqual([])
}, 60_000)

it('who speaks as a worker is a client like every other', async () => {
  const upstream = await startModernUpstream()
  onTestFinished(() => upstream.close())
  const options = { rateLimitBy: 'ip', requestsAllowed: 3, timeWindowMinutes: 60 }
  const temporary = await mkdtemp(join(tmpdir(), 'sallyport-temporary-'))
  onTestFinished(() => rm(temporary, { recursive: true, force: true }))
  const gateway = await startWorkers(
    {
      servers: { scripted: { upstream: upstream.url, inbound: ['limit', 'keys'] } },
      policies: { limit: ['rate-limit-inbound', options] },
    },
    { environment: { TMPDIR: temporary } },
  )
  const arrival = JSON.stringify({ clientAddress: '192.0.2.1', isAdmitted: true, secret: '' })
  const list = () =>
    postModern(gateway.server('scripted'), gateway.key('ada'), 'tools/list', {}, { 'x-sallyport-arrival': arrival })
  const statuses: number[] = []
  for (const _ of [...threeTimes, ...threeTimes]) statuses.push((await list()).status)
  expect(statuses).toEqual([200, 200, 200, 429, 429, 429])

  // Not even somebody who could open the socket, as nobody else can: the secret is known to the workers alone.
  const [directory = ''] = await readdir(temporary)
  const sockets = await readdir(join(temporary, directory))
  expect(sockets).toHaveLength(3)
  for (const socket of sockets) {
    for (const header of [undefined, arrival]) {
      expect(await askSocket(join(temporary, directory, socket), gateway.key('ada'), header)).toBe(404)
    }
  }
}, 60_000)

function askSocket(socketPath: string, key: string, arrival: string | undefined): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = {
      host: 'gateway.example',
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      ...(arrival !== undefined && { 'x-sallyport-arrival': arrival }),
    }
    const asking = sendRequest({ socketPath, method: 'POST', path: '/mcp/scripted', headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    asking.once('error', reject)
    asking.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }))
  })
}
