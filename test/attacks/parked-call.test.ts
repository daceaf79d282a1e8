import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { type PostAnswer, postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type OlderUpstream, startOlderUpstream } from '../harness/upstreams/older-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn } from '../harness/write-project.ts'

// A call waits at an older upstream for an answer of its client. Whoever else answers, or answers something else, must not reach it; and
// whatever happens, the tool runs once.

let upstream: OlderUpstream
let gateway: TestGateway
let url: string
let ada: string
let eve: string
beforeAll(async () => {
  upstream = await startOlderUpstream()
  gateway = await startTestGateway({
    servers: {
      older: { upstream: upstream.url, inbound: ['sign-in'] },
      second: { upstream: upstream.url, inbound: ['sign-in'] },
    },
    policies: signIn(),
  })
  url = gateway.server('older')
  ada = await tokenOf('ada')
  eve = await tokenOf('eve')
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const tokenOf = async (person: string, server = url) =>
  (await obtainToken(gateway.publicUrl, server, person)).accessToken

const call = (token: string, name: string, params: object = {}, server = url, id = 1): Promise<PostAnswer> =>
  postModern(server, token, 'tools/call', {
    name,
    arguments: {},
    ...params,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
      progressToken: id,
    },
  })

const stateOf = ({ message }: PostAnswer): string => String(message?.result?.['requestState'])
const textOf = ({ message }: PostAnswer): unknown =>
  (message?.result?.['content'] as { text: string }[] | undefined)?.[0]?.text
const named = (name: string) => ({ r0: { action: 'accept', content: { name } } })
const runs = (): number => upstream.calls.length

describe('the answer to a call that waits', () => {
  it('of another person does not reach it', async () => {
    const requestState = stateOf(await call(ada, 'greet'))
    const before = runs()
    const stolen = await call(eve, 'greet', { requestState, inputResponses: named('Eve') })
    expect(stolen.message?.error).toMatchObject({ code: -32602, data: { reason: 'input_state_invalid' } })
    const own = await call(ada, 'greet', { requestState, inputResponses: named('Ada') })
    expect(textOf(own)).toBe('Hello, Ada!')
    expect(runs()).toBe(before)
  })

  it('of another application of the same person does not reach it', async () => {
    const requestState = stateOf(await call(ada, 'greet'))
    const other = await call(await tokenOf('ada'), 'greet', { requestState, inputResponses: named('Eve') })
    expect(other.message?.error?.data?.reason).toBe('input_state_invalid')
    expect(textOf(await call(ada, 'greet', { requestState, inputResponses: named('Ada') }))).toBe('Hello, Ada!')
  })

  it.each([
    ['another tool', 'ask_two', {}],
    ['other arguments', 'greet', { arguments: { loud: true } }],
  ])('for %s is refused', async (_, name, params) => {
    const requestState = stateOf(await call(ada, 'greet'))
    const before = runs()
    const answer = await call(ada, name, { ...params, requestState, inputResponses: named('Ada') })
    expect(answer.message?.error?.data?.reason).toBe('input_state_invalid')
    expect(runs()).toBe(before)
    await call(ada, 'greet', { requestState, inputResponses: named('Ada') })
  })

  it('at another virtual server is refused', async () => {
    const requestState = stateOf(await call(ada, 'greet'))
    const second = gateway.server('second')
    const token = await tokenOf('ada', second)
    const answer = await call(token, 'greet', { requestState, inputResponses: named('Ada') }, second)
    expect(answer.message?.error?.data?.reason).toBe('input_state_invalid')
    await call(ada, 'greet', { requestState, inputResponses: named('Ada') })
  })

  it('with an altered state is refused, wherever it is altered', async () => {
    const requestState = stateOf(await call(ada, 'greet'))
    const before = runs()
    for (const position of [0, 15, 30, requestState.length - 2]) {
      const flipped = requestState[position] === 'A' ? 'B' : 'A'
      const altered = requestState.slice(0, position) + flipped + requestState.slice(position + 1)
      const answer = await call(ada, 'greet', { requestState: altered, inputResponses: named('Eve') })
      expect(answer.message?.error?.data?.reason).toBe('input_state_invalid')
    }
    expect(runs()).toBe(before)
    await call(ada, 'greet', { requestState, inputResponses: named('Ada') })
  })

  it('that comes twice is taken once, and runs nothing again', async () => {
    const requestState = stateOf(await call(ada, 'greet'))
    const before = runs()
    const answer = () => call(ada, 'greet', { requestState, inputResponses: named('Ada') })
    const answers = await Promise.all([answer(), answer(), answer()])
    expect(answers.filter(({ message }) => message?.result !== undefined).map(textOf)).toEqual(['Hello, Ada!'])
    const refused = answers.flatMap(({ message }) => message?.error?.data?.reason ?? [])
    expect(refused).toEqual(['input_expired', 'input_expired'])
    expect((await answer()).message?.error?.data?.reason).toBe('input_expired')
    expect(runs()).toBe(before)
  })

  it('without its state runs nothing', async () => {
    const before = runs()
    const answer = await call(ada, 'greet', { inputResponses: named('Ada') })
    expect(answer.message?.error?.data?.reason).toBe('input_state_invalid')
    expect(runs()).toBe(before)
  })
})

describe('a call that waits at an upstream', () => {
  // Last of its kind here: the upstream loses everything.
  it.each([
    ['whose connections broke', () => upstream.cut()],
    ['that forgot its sessions', () => upstream.forget()],
  ])('%s is lost, and runs nothing again', async (_, lose) => {
    const requestState = stateOf(await call(ada, 'greet'))
    const before = runs()
    lose()
    const answer = await call(ada, 'greet', { requestState, inputResponses: named('Ada') })
    // Whether the gateway has noticed before or notices now.
    expect(['input_expired', 'upstream_disconnected']).toContain(answer.message?.error?.data?.reason)
    expect(runs()).toBe(before)
    expect(textOf(await call(ada, 'echo'))).toBeDefined()
  })

  it('is told when the gateway stops', async () => {
    const stopping = await startTestGateway({
      servers: { older: { upstream: upstream.url, inbound: ['sign-in'] } },
      policies: signIn(),
    })
    const server = stopping.server('older')
    const { accessToken } = await obtainToken(stopping.publicUrl, server)
    const asked = await call(accessToken, 'hold_name', {}, server)
    expect(asked.message?.result?.['resultType']).toBe('input_required')
    await stopping.close()
    await waitUntil('the upstream to hear of it', () => upstream.cancelled.includes('hold_name'))
  })
})

describe('people who call at the same time', () => {
  it('with the same ids and tokens receive their own answers', async () => {
    const people = await Promise.all(['ada', 'eve', 'mallory', 'trent'].map((person) => tokenOf(person)))
    const asked = await Promise.all(people.map((token) => call(token, 'greet')))
    const answers = await Promise.all(
      people.map((token, index) =>
        call(token, 'greet', { requestState: stateOf(asked[index]!), inputResponses: named(`person ${index}`) }),
      ),
    )
    expect(answers.map(textOf)).toEqual([0, 1, 2, 3].map((index) => `Hello, person ${index}!`))
    expect(answers.map(({ message }) => message?.id)).toEqual([1, 1, 1, 1])
    // Upstream, each was in a session of its own.
    expect(new Set(upstream.calls.slice(-4).map((each) => each.split(':')[0])).size).toBe(4)
  })

  it('in one session have ids of their own', async () => {
    const before = upstream.ids.length
    const answers = await Promise.all([1, 2, 3].map(() => call(ada, 'report')))
    expect(new Set(upstream.ids.slice(before)).size).toBe(3)
    // Every stream carries the progress of its own call, once.
    for (const { text } of answers) expect(text.match(/notifications\/progress/g)).toHaveLength(3)
  })
})

it('somebody who leaves many calls waiting is asked no more, and nobody else suffers', async () => {
  const hoarder = await tokenOf('hoarder')
  const asked = await Promise.all(Array.from({ length: 12 }, () => call(hoarder, 'greet')))
  const waiting = asked.filter(({ message }) => message?.result?.['resultType'] === 'input_required')
  expect(waiting).toHaveLength(8)
  // The upstream was told that nobody answers, so that it could end the call itself.
  const ended = asked.filter((answer) => !waiting.includes(answer))
  expect(ended.map(textOf)).toEqual(ended.map(() => 'Hello, cancel!'))
  const requestState = stateOf(await call(ada, 'greet'))
  expect(textOf(await call(ada, 'greet', { requestState, inputResponses: named('Ada') }))).toBe('Hello, Ada!')
})
