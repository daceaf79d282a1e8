import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GatewayEvent } from '../../src/analytics/event.ts'
import { reasons } from '../../src/errors/reasons.ts'
import { type CallOutcome, ChaosClient } from '../harness/chaos/chaos-client.ts'
import { type ChaosEra, type ChaosUpstream, startChaosUpstream } from '../harness/chaos/chaos-upstream.ts'
import { describeFaults } from '../harness/chaos/describe-faults.ts'
import {
  type Expected,
  expectedOf,
  type Fault,
  faults,
  limits,
  type Pair,
  pairs,
  runsOf,
} from '../harness/chaos/faults.ts'
import { type StreamFault, streamFaults } from '../harness/chaos/stream-faults.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import type { JsonRpcAnswer } from '../harness/post-message.ts'
import type { OpenAnswer, StreamedMessage } from '../harness/read-events.ts'
import { readAllEvents } from '../harness/start-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { type WatchedGateway, watchGateway } from '../harness/watch-gateway.ts'
import { signIn } from '../harness/write-project.ts'

/** Calls at once, after one that warms up. */
const burst = 25
/** More than what a heap breathes: five KiB for each call. */
const mostGrowthBytes = 512 * 1024
/** Streams of each pair. */
const listeners = 6
/** For a machine that has other work. */
const slackMs = 3_000

interface Line {
  readonly pair: Pair
  readonly upstream: ChaosUpstream
  readonly client: ChaosClient
  /** Another client of the same person. */
  readonly open: () => ChaosClient
}

let gateway: WatchedGateway
let lines: readonly Line[]
beforeAll(async () => {
  const upstreams = await Promise.all(
    pairs.map(async (pair) => [pair, await startChaosUpstream(pair.split(' > ')[1] as ChaosEra)] as const),
  )
  const nameOf = (pair: Pair) => pair.replace(' > ', '-over-')
  gateway = await watchGateway({
    settings: { limits },
    servers: Object.fromEntries(
      upstreams.map(([pair, { url }]) => [nameOf(pair), { upstream: url, inbound: ['sign-in'] }]),
    ),
    policies: signIn(),
  })
  lines = await Promise.all(
    upstreams.map(async ([pair, upstream]) => {
      const url = `${gateway.publicUrl}/mcp/${nameOf(pair)}`
      const { accessToken } = await obtainToken(gateway.publicUrl, url)
      const client = new ChaosClient(url, accessToken, pair.split(' > ')[0] as ChaosEra)
      await client.begin()
      for (let round = 0; round < 2; round++) await Promise.all(Array.from({ length: burst }, () => client.call()))
      const open = () => new ChaosClient(url, accessToken, pair.split(' > ')[0] as ChaosEra)
      return { pair, upstream, client, open }
    }),
  )
})
afterAll(async () => {
  await gateway.close()
  for (const { upstream } of lines) await upstream.stop()
})

describe('an upstream that fails', () => {
  it.each(faults)('$name', async (fault) => {
    const struck = lines.filter(({ pair }) => expectedOf(fault, pair) !== undefined)
    await Promise.all(struck.map((line) => strike(line, fault, 1)))
    const before = await measure()
    await Promise.all(struck.map((line) => strike(line, fault, burst)))
    await expectAsBefore(before)
  })

  it.each(streamFaults)('open streams: $name', async (fault) => {
    await Promise.all(lines.map((line) => strikeStreams(line, fault)))
    const before = await measure()
    await Promise.all(lines.map((line) => strikeStreams(line, fault)))
    await expectAsBefore(before)
  })

  it('is described as it is', async () => {
    const document = join(import.meta.dirname, '../../docs/operations/faults.md')
    await expect(describeFaults(faults, streamFaults)).toMatchFileSnapshot(document)
  })
})

/** What the gateway holds, and the upstreams hold for it, when nothing runs. */
async function measure() {
  for (const { upstream } of lines) upstream.closeIdle()
  const { sockets, heapBytes } = await gateway.measure()
  return { sockets, heapBytes, sessions: lines.map(({ upstream }) => upstream.sessions).join() }
}

async function expectAsBefore(before: Awaited<ReturnType<typeof measure>>): Promise<void> {
  await waitUntil('sockets and sessions as before', async () => {
    const after = await measure()
    return after.sockets <= before.sockets && after.sessions === before.sessions
  }).catch(async () => expect(await measure()).toEqual(before))
  let grown = Number.POSITIVE_INFINITY
  await waitUntil('memory as before', async () => {
    grown = (await measure()).heapBytes - before.heapBytes
    return grown < mostGrowthBytes
  }).catch(() => expect(grown).toBeLessThan(mostGrowthBytes))
}

/** Lets the fault happen to some open streams at once, each of which goes on or ends as it should; then new ones work. */
async function strikeStreams({ pair, upstream, open }: Line, fault: StreamFault): Promise<void> {
  const clients = Array.from({ length: listeners }, open)
  const streams = await Promise.all(clients.map((client) => listenAnew(client)))
  await expectTold(upstream, streams, `${pair}: before`)
  await fault.strike(upstream)
  const expected = fault.answer[pair]
  if (expected === 'goes on') await expectTold(upstream, streams, `${pair}: afterwards`)
  else {
    await Promise.all(streams.map(({ ended }) => ended))
    for (const stream of streams) expect(describeEnd(stream), `${pair}: ${stream.text()}`).toBe(expected)
    const next = await Promise.all(clients.map((client) => listenAnew(client)))
    await expectTold(upstream, next, `${pair}: next`)
    for (const stream of next) stream.close()
  }
  for (const stream of streams) stream.close()
  await waitUntil('the streams upstream end', () => upstream.streams.length === 0)
  await Promise.all(clients.map((client) => client.end()))
}

async function listenAnew(client: ChaosClient): Promise<OpenAnswer> {
  await client.end()
  await client.begin()
  return client.listen()
}

/** Something happens upstream, again and again, until each stream has been told. */
async function expectTold(upstream: ChaosUpstream, streams: readonly OpenAnswer[], when: string): Promise<void> {
  const count = (stream: OpenAnswer) => stream.text().split('tools/list_changed').length
  const before = streams.map(count)
  await waitUntil(`${when}: all are told`, () => {
    upstream.tell()
    return streams.every((stream, index) => count(stream) > (before[index] ?? 0))
  })
}

function describeEnd(stream: OpenAnswer): string {
  const events = stream
    .text()
    .split('\n')
    .filter((line) => line.startsWith('data: '))
  const last = JSON.parse(events.at(-1)?.slice('data: '.length) ?? '{}') as StreamedMessage & JsonRpcAnswer
  return last.error?.data?.reason ?? (last.result ? 'ends with a result' : 'ends')
}

/** Lets the fault happen to some calls at once, each of which gets what it should; then all is well again. */
async function strike({ pair, upstream, client }: Line, fault: Fault, calls: number): Promise<void> {
  const callsBefore = upstream.calls
  await fault.strike?.(upstream)
  if (fault.act) upstream.onCall = fault.act
  const outcomes = await Promise.all(Array.from({ length: calls }, () => client.call()))
  upstream.onCall = (call) => call.answer('fine')
  expect(upstream.calls - callsBefore, `${pair}: the tool ran`).toBe(calls * runsOf(fault, pair))
  if (fault.strike) await upstream.start()
  const expected = expectedOf(fault, pair)
  if (expected === undefined) throw new Error('the fault does not exist for this pair')
  for (const outcome of outcomes) {
    expect(describeOutcome(outcome), `${pair}: ${outcome.text.slice(-300)}`).toEqual(expected)
    expectInTime(outcome, fault, pair)
  }
  await expectEvents(outcomes, expected, pair)
  if (fault.strike) await client.begin()
  expect(describeOutcome(await client.call()), `${pair}: afterwards`).toEqual({ text: 'fine' })
}

function describeOutcome({ status, message, headers }: CallOutcome): object {
  if (message?.error) {
    const isStream = String(headers['content-type']).startsWith('text/event-stream')
    return { reason: message.error.data?.reason, status: isStream ? 'in the stream' : status }
  }
  const [content] = (message?.result?.['content'] ?? []) as readonly { readonly text: string }[]
  return { text: content?.text }
}

function expectInTime({ elapsedMs }: CallOutcome, { limit, takesMs = 0 }: Fault, pair: Pair): void {
  const limitMs = limit === undefined ? takesMs : limits[limit] * 1000
  expect(elapsedMs, `${pair}: not before its time`).toBeGreaterThan(limitMs * 0.9)
  expect(elapsedMs, `${pair}: in time`).toBeLessThan(limitMs + slackMs)
}

async function expectEvents(outcomes: readonly CallOutcome[], expected: Expected, pair: Pair): Promise<void> {
  const traces = new Set(outcomes.map(({ traceId }) => traceId))
  const events = await waitUntil('one event per call', () => {
    const found = readAllEvents(gateway.directory).filter(({ traceId }) => traces.has(String(traceId)))
    return found.length === outcomes.length && found
  })
  for (const event of events) expect(describeEvent(event), pair).toEqual(eventOf(expected))
}

const describeEvent = ({ type, outcome, reason, failureOrigin }: GatewayEvent) => ({
  type,
  outcome,
  reason,
  failureOrigin,
})

function eventOf(expected: Expected): object {
  if ('text' in expected) {
    return { type: 'capability_completed', outcome: 'success', reason: null, failureOrigin: null }
  }
  const { reason } = expected
  const failureOrigin = reasons[reason].origin
  // Nothing was done: the client is to begin a new session.
  if (failureOrigin === 'client') return { type: 'mcp_request_rejected', outcome: 'denied', reason, failureOrigin }
  return { type: 'capability_failed', outcome: 'failure', reason, failureOrigin }
}
