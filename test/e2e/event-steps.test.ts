import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseSteps } from '../../src/lib/steps.ts'
import { postModern, postRaw } from '../harness/post-message.ts'
import { type ScriptedSite, serveScript } from '../harness/scripted-upstream.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'

let upstream: ScriptedSite
let gateway: TestGateway

beforeAll(async () => {
  upstream = await serveScript()
  upstream.answers.set('/mcp', ({ body }) => {
    const { id, method } = JSON.parse(body) as { id: number; method: string }
    const tools = ['a', 'b', 'c'].map((name) => ({ name, inputSchema: { type: 'object' } }))
    const result = method === 'tools/list' ? { tools } : { content: [] }
    return { body: { jsonrpc: '2.0', id, result: { ...result, resultType: 'complete' } } }
  })
  upstream.answers.set('/broken', { status: 200, body: { not: 'json-rpc' } })
  gateway = await startTestGateway({
    policies: {
      'only; a (1%)': ['mcp-capability-filter-inbound', { tools: [{ name: 'a' }, { name: 'b' }] }],
      'few-calls': ['rate-limit-inbound', { rateLimitBy: 'all', requestsAllowed: 1, timeWindowMinutes: 60 }],
    },
    servers: {
      filtered: { upstream: `${upstream.origin}/mcp`, inbound: ['only; a (1%)'] },
      limited: { upstream: `${upstream.origin}/mcp`, inbound: ['few-calls'] },
      broken: { upstream: `${upstream.origin}/broken`, inbound: [] },
      open: { upstream: `${upstream.origin}/mcp`, inbound: [] },
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function stepsOf(server: string, index: number) {
  const ofServer = () => gateway.events().filter((event) => event.virtualServer === server)
  await gateway.waitForEvent(() => ofServer().length > index)
  const event = ofServer()[index]
  return parseSteps(event?.steps ?? null, event?.stepMs ?? null)
}
const summary = (steps: Awaited<ReturnType<typeof stepsOf>>) =>
  steps.map(({ phase, name, decision, detail }) => [phase, name, decision, ...(detail === undefined ? [] : [detail])])

test('what each policy decided is in the event, and the time adds up', async () => {
  await postModern(gateway.server('filtered'), '', 'tools/list')
  const steps = await stepsOf('filtered', 0)
  expect(summary(steps)).toEqual([
    ['body', '', 'passed'],
    ['message', 'only; a (1%)', 'passed'],
    ['upstream', '', 'answered'],
    ['result', 'only; a (1%)', 'edited', '1 of 3 tools removed'],
  ])
  const [event] = gateway.events().filter(({ virtualServer }) => virtualServer === 'filtered')
  const total = steps.reduce((sum, { ms }) => sum + ms, 0)
  expect(total).toBeGreaterThan(0)
  expect(total).toBeLessThanOrEqual((event?.latencyMs ?? 0) + 0.2)
  const atUpstream = steps.find(({ phase }) => phase === 'upstream')?.ms ?? 0
  expect(atUpstream).toBeGreaterThanOrEqual((event?.upstreamMs ?? 0) - 0.1)

  await postModern(gateway.server('filtered'), '', 'tools/call', { name: 'c', arguments: {} })
  expect(summary(await stepsOf('filtered', 1))).toEqual([
    ['body', '', 'passed'],
    ['message', 'only; a (1%)', 'refused', 'capability_not_allowed'],
  ])
})

test('a policy that refuses, a message that cannot be read, an upstream that makes no sense', async () => {
  await postModern(gateway.server('limited'), '', 'tools/list')
  await postModern(gateway.server('limited'), '', 'tools/list')
  expect(summary(await stepsOf('limited', 0))[0]).toEqual(['request', 'few-calls', 'passed'])
  expect(summary(await stepsOf('limited', 1))).toEqual([['request', 'few-calls', 'refused', 'limit_rate_exceeded']])
  await postRaw(gateway.server('broken'), '{')
  expect(summary(await stepsOf('broken', 0))).toEqual([['body', '', 'refused', 'message_not_json']])
  await postModern(gateway.server('broken'), '', 'tools/call', { name: 'a', arguments: {} })
  expect(summary(await stepsOf('broken', 1)).at(-1)).toMatchObject(['result', '', 'failed', 'upstream_protocol_error'])
})

test('a client does not decide how large an event is', async () => {
  const long = 'x'.repeat(10_000)
  const answer = JSON.stringify({ jsonrpc: '2.0', id: 1, result: {} })
  await postRaw(gateway.server('open'), answer, { 'mcp-protocol-version': long })
  const ofServer = () => gateway.events().filter(({ virtualServer }) => virtualServer === 'open')
  await gateway.waitForEvent(() => ofServer().length > 0)
  expect(ofServer()[0]?.clientProtocol).toBe('x'.repeat(100))
  expect(JSON.stringify(ofServer()[0]).length).toBeLessThan(2500)
})
