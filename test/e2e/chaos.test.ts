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
import { obtainToken } from '../harness/obtain-token.ts'
import { readAllEvents } from '../harness/start-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { type WatchedGateway, watchGateway } from '../harness/watch-gateway.ts'
import { signIn } from '../harness/write-project.ts'

/** Calls at once, after one that warms up. */
const burst = 12
/** More than what a heap breathes; less than one answer kept per call would be. */
const mostGrowthBytes = 1024 * 1024
/** For a machine that has other work. */
const slackMs = 3_000

interface Line {
  readonly pair: Pair
  readonly upstream: ChaosUpstream
  readonly client: ChaosClient
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
      await client.call()
      return { pair, upstream, client }
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
    await waitUntil('sockets and sessions as before', async () => {
      const after = await measure()
      return after.sockets <= before.sockets && after.sessions === before.sessions
    }).catch(async () => expect(await measure()).toEqual(before))
    let grown = Number.POSITIVE_INFINITY
    await waitUntil('memory as before', async () => {
      grown = (await measure()).heapBytes - before.heapBytes
      return grown < mostGrowthBytes
    }).catch(() => expect(grown).toBeLessThan(mostGrowthBytes))
  })

  it('is described as it is', async () => {
    const document = join(import.meta.dirname, '../../docs/operations/faults.md')
    await expect(describeFaults(faults)).toMatchFileSnapshot(document)
  })
})

/** What the gateway holds, and the upstreams hold for it, when nothing runs. */
async function measure() {
  for (const { upstream } of lines) upstream.closeIdle()
  const { sockets, heapBytes } = await gateway.measure()
  return { sockets, heapBytes, sessions: lines.map(({ upstream }) => upstream.sessions).join() }
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
