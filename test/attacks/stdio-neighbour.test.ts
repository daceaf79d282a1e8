import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postModern, postRaw } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { openStdioClient, type StdioClient, type StreamMessage } from '../harness/stdio-client.ts'
import { stdioServer } from '../harness/stdio-programs.ts'
import { signIn } from '../harness/write-project.ts'

// Two people in front of one program. What it says to one must not reach the other, although over stdio it does not say to whom it speaks.

let gateway: TestGateway
let ada: StdioClient
let bob: StdioClient
let bobsToken: string
let adasToken: string

beforeEach(async () => {
  const running = await startTestGateway({
    settings: { limits: { drainSeconds: 1 } },
    policies: signIn(),
    servers: { local: { upstream: stdioServer('scripted', { processes: 'shared' }), inbound: ['sign-in'] } },
  })
  gateway = running
  onTestFinished(() => running.close())
  const url = gateway.server('local')
  adasToken = (await obtainToken(gateway.publicUrl, url, 'ada')).accessToken
  bobsToken = (await obtainToken(gateway.publicUrl, url, 'bob')).accessToken
  ada = await openStdioClient(url, adasToken, { elicitation: {} })
  bob = await openStdioClient(url, bobsToken, { elicitation: {} })
})

/** A call of Ada that waits in the program, and all that its stream says. */
async function adaWaits(): Promise<{ heard: StreamMessage[]; answer: Promise<StreamMessage> }> {
  const heard: StreamMessage[] = []
  const answer = ada.follow('wait', { name: 'ada' }, (message) => heard.push(message))
  await expect.poll(() => bob.call('waiters')).toContain('ada')
  return { heard, answer }
}

it('gives each the answer to their own call, although both count from 1', async () => {
  const { answer } = await adaWaits()
  expect(await bob.call('release', { name: 'ada', secret: 'for ada' })).toBe('done')
  expect(JSON.stringify(await answer)).toContain('for ada')
})

it('mixes nothing up in a crowd, where all have the same ids and progress tokens', async () => {
  const crowd = Array.from({ length: 100 }, (_, index) => ({
    client: index % 2 === 0 ? ada : bob,
    what: `for-${index}`,
  }))
  const heard = await Promise.all(
    crowd.map(async ({ client, what }) => {
      const params = { name: 'say', arguments: { what }, _meta: { progressToken: 1 } }
      const { text } = await client.post({ id: 1, method: 'tools/call', params })
      expect(text).toContain('"progressToken":1')
      return { what, whats: new Set(text.match(/for-\d+/g)) }
    }),
  )
  // Logs belong to no call, so the other half of the crowd must not see them; a person may see those of their own calls.
  const halfOf = (what: string) => Number(what.slice('for-'.length)) % 2
  for (const { what, whats } of heard) {
    expect(whats).toContain(what)
    for (const each of whats) expect(halfOf(each)).toBe(halfOf(what))
  }
})

it('tells nobody what the program says while it works for two', async () => {
  const { heard, answer } = await adaWaits()
  const shouted = await bob.post({
    id: 1,
    method: 'tools/call',
    params: { name: 'shout', arguments: { what: 'secret of bob' } },
  })
  expect(shouted.text).toContain('shouted')
  expect(shouted.text).not.toContain('secret of bob')
  await bob.call('release', { name: 'ada', secret: 'x' })
  await answer
  expect(JSON.stringify(heard)).not.toContain('secret of bob')
})

it('tells nobody what the program may say about a call that was cancelled', async () => {
  const { answer } = await adaWaits()
  await ada.post({ method: 'notifications/cancelled', params: { requestId: 1 } })
  await answer
  const shouted = await bob.post({
    id: 1,
    method: 'tools/call',
    params: { name: 'shout', arguments: { what: 'secret of ada' } },
  })
  expect(shouted.text).not.toContain('secret of ada')
  // Once the program has answered it after all, the program works for Bob alone.
  await bob.call('release', { name: 'ada', secret: 'late answer' })
  const later = await bob.post({
    id: 1,
    method: 'tools/call',
    params: { name: 'shout', arguments: { what: 'secret of bob' } },
  })
  expect(later.text).toContain('secret of bob')
})

it('tells nobody what the program says about a call after its answer', async () => {
  await ada.call('pid')
  const { answer, heard } = await adaWaits()
  await bob.call('later', { what: 'secret of bob' })
  await bob.call('release', { name: 'ada', secret: 'x' })
  await answer
  expect(JSON.stringify(heard)).not.toContain('secret of bob')
})

it('gives a late answer to a cancelled call to nobody', async () => {
  const { answer } = await adaWaits()
  await ada.post({ method: 'notifications/cancelled', params: { requestId: 1 } })
  await answer
  const released = await bob.post({
    id: 1,
    method: 'tools/call',
    params: { name: 'release', arguments: { name: 'ada', secret: 'for ada' } },
  })
  expect(released.text).toContain('done')
  expect(released.text).not.toContain('for ada')
})

it('asks the one person it works for, and takes the answer from nobody else', async () => {
  const url = gateway.server('local')
  const asked = Promise.withResolvers<StreamMessage>()
  const answer = ada.follow('ask', { question: 'Which account?' }, (message) => {
    if (message.method === 'elicitation/create') asked.resolve(message)
  })
  const { id } = await asked.promise
  expect(id).not.toBe('q1')
  const forged = { id, result: { action: 'accept', content: { answer: 'forged' } } }
  expect((await bob.post(forged)).status).toBe(202)
  expect((await bob.post({ ...forged, id: 'q1' })).status).toBe(202)
  const inAdasSession = { authorization: `Bearer ${bobsToken}`, 'mcp-session-id': ada.sessionId }
  const hijacked = await postRaw(url, JSON.stringify({ jsonrpc: '2.0', ...forged }), inAdasSession)
  expect(hijacked.message?.error?.data?.reason).toBe('session_unknown')
  await ada.post({ id, result: { action: 'accept', content: { answer: 'mine' } } })
  expect(JSON.stringify(await answer)).toContain('mine')
})

it('does not let one person cancel the call of another', async () => {
  const { answer } = await adaWaits()
  for (const requestId of [1, 2, 3, 4, 5]) await bob.post({ method: 'notifications/cancelled', params: { requestId } })
  await bob.call('release', { name: 'ada', secret: 'still there' })
  expect(JSON.stringify(await answer)).toContain('still there')
})

it('does not let one person take up the question of another in 2026-07-28', async () => {
  const url = gateway.server('local')
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw-test', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
  }
  const call = { name: 'ask', arguments: { question: 'Which account?' }, _meta }
  const asked = await postModern(url, adasToken, 'tools/call', call)
  const requestState = asked.message?.result?.requestState
  const [key] = Object.keys(asked.message?.result?.inputRequests ?? {})
  const answers = {
    ...call,
    requestState,
    inputResponses: { [key ?? '']: { action: 'accept', content: { answer: 'a' } } },
  }
  const forged = await postModern(url, bobsToken, 'tools/call', answers)
  expect(forged.message?.error?.data?.reason).toBe('input_state_invalid')
  const mine = await postModern(url, adasToken, 'tools/call', answers)
  expect(mine.text).toContain('accept')
})

it('tells everybody that lists changed, once each', async () => {
  const { heard, answer } = await adaWaits()
  const announced = await bob.post({ id: 1, method: 'tools/call', params: { name: 'announce', arguments: {} } })
  expect(announced.text.match(/list_changed/g)).toHaveLength(1)
  await bob.call('release', { name: 'ada', secret: 'x' })
  await answer
  expect(heard.filter(({ method }) => method === 'notifications/tools/list_changed')).toHaveLength(1)
})
