import { describe, expect, it, vi } from 'vitest'
import type { EventStreamReader } from '../../contracts/handler.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import { eventData } from '../../http/split-events.ts'
import { type JsonObject } from '../../lib/json.ts'
import { readSubscription } from '../../mcp/bridge/modern-to-legacy/subscription.ts'
import type { QueuedStream } from '../../mcp/queued-stream.ts'
import { SessionListeners } from './session-listeners.ts'

const capabilities = { tools: { listChanged: true }, resources: { subscribe: true } }
const wanted = (notifications: object, id = 'L1') => readSubscription(id, { notifications }, capabilities)
const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }

/** A session whose GET stream answers with this status. */
function createSession(status: number) {
  const sources: EventStreamReader[] = []
  const session = {
    onGone: vi.fn(),
    ask: vi.fn(async () => true),
    tell: vi.fn<(body: JsonObject) => Promise<number>>(async () => 202),
    cancelled: 0,
    listen: vi.fn(() => {
      const head = { status, headers: {}, responseHeaders: {}, upstreamMs: 0 }
      const answer: UpstreamAnswer =
        status === 200
          ? { ...head, kind: 'stream', read: (reader) => sources.push(reader), resume: vi.fn(), cancel: vi.fn() }
          : { ...head, kind: 'json', body: Buffer.alloc(0) }
      return { answer: Promise.resolve(answer), hasBegun: () => true, cancel: () => void session.cancelled++ }
    }),
  }
  return { session, sources, listeners: new SessionListeners(session) }
}

/** What a client has read; it takes nothing while `reads` is false. */
function read(stream: QueuedStream, reads = true) {
  const seen: JsonObject[] = []
  const end = vi.fn()
  stream.read({
    onEvent(event) {
      seen.push(JSON.parse(String(eventData(event))) as JsonObject)
      return reads
    },
    onEnd: end,
  })
  return { seen, end }
}

describe('who listens to a session', () => {
  it('hears of changes that come with calls where the upstream has no stream of its own', async () => {
    const { session, listeners } = createSession(405)
    const left = vi.fn()
    const { seen } = read(await listeners.listen(wanted({ toolsListChanged: true }), left))
    listeners.announce(changed)
    expect(seen.map(({ method }) => method)).toEqual([
      'notifications/subscriptions/acknowledged',
      'notifications/tools/list_changed',
    ])
    expect(session.listen).toHaveBeenCalledOnce()
    expect(left).not.toHaveBeenCalled()
  })

  it('is sent away in good order when the session is gone', async () => {
    const { session, listeners } = createSession(404)
    const left = vi.fn()
    const { seen, end } = read(await listeners.listen(wanted({ toolsListChanged: true }), left))
    expect(left).toHaveBeenCalledOnce()
    expect(end).toHaveBeenCalledWith(undefined)
    expect(seen.map(({ method, result }) => method ?? result)).toEqual([
      'notifications/subscriptions/acknowledged',
      { resultType: 'complete', _meta: { 'io.modelcontextprotocol/subscriptionId': 'L1' } },
    ])
    expect(session.onGone).toHaveBeenCalledOnce()
  })

  it.each([401, 403, 405])('stays where the stream is refused with %i from the start', async (status) => {
    const { listeners } = createSession(status)
    const left = vi.fn()
    await listeners.listen(wanted({ toolsListChanged: true }), left)
    expect(left).not.toHaveBeenCalled()
  })

  it('is let go when it reads no more, and the others are not', async () => {
    const { listeners } = createSession(200)
    const slow = vi.fn()
    const { end } = read(await listeners.listen(wanted({ toolsListChanged: true }), slow), false)
    const quick = read(await listeners.listen(wanted({ toolsListChanged: true }, 'L2'), vi.fn()))
    for (let sent = 0; sent < 1_100; sent++) listeners.announce(changed)
    expect(slow).toHaveBeenCalledOnce()
    expect(end).not.toHaveBeenCalled()
    expect(quick.seen).toHaveLength(1_101)
  })

  it('leaves nothing behind upstream', async () => {
    const { session, listeners } = createSession(200)
    const stream = await listeners.listen(wanted({ resourceSubscriptions: ['a'] }), vi.fn())
    read(stream)
    stream.cancel()
    await vi.waitFor(() => expect(session.ask).toHaveBeenCalledTimes(2))
    expect(session.ask.mock.calls).toEqual([
      ['resources/subscribe', { uri: 'a' }],
      ['resources/unsubscribe', { uri: 'a' }],
    ])
    expect(session.cancelled).toBe(1)
  })

  it('is promised no resource that the upstream refused', async () => {
    const { session, listeners } = createSession(200)
    session.ask.mockImplementation(async () => false)
    const { seen } = read(await listeners.listen(wanted({ resourceSubscriptions: ['a'] }), vi.fn()))
    expect(seen[0]?.params).toMatchObject({ notifications: {} })
    expect(seen[0]?.params).not.toMatchObject({ notifications: { resourceSubscriptions: ['a'] } })
    expect(session.ask).toHaveBeenCalledOnce()
  })
})

describe('what the upstream asks on the stream of the session', () => {
  const question = Buffer.from('data: {"jsonrpc":"2.0","id":5,"method":"elicitation/create","params":{}}\n\n')

  it('goes to a call that can ask, one that does not wait already', async () => {
    const { sources, listeners } = createSession(200)
    const [parked, running] = [true, false].map((isParked) => ({ isParked, takeRequest: vi.fn() }))
    if (!parked || !running) throw new Error('two calls')
    await listeners.attend(parked)
    await listeners.attend(running)
    sources[0]?.onEvent(question)
    expect(running.takeRequest).toHaveBeenCalledOnce()
    expect(parked.takeRequest).not.toHaveBeenCalled()
  })

  it('is refused where no call runs, and a ping is answered', async () => {
    const { session, sources, listeners } = createSession(200)
    read(await listeners.listen(wanted({ toolsListChanged: true }), vi.fn()))
    sources[0]?.onEvent(question)
    sources[0]?.onEvent(Buffer.from('data: {"jsonrpc":"2.0","id":6,"method":"ping"}\n\n'))
    expect(session.tell.mock.calls.map(([body]) => body)).toEqual([
      { jsonrpc: '2.0', id: 5, result: { action: 'cancel' } },
      { jsonrpc: '2.0', id: 6, result: {} },
    ])
  })
})
