import { setTimeout as delay } from 'node:timers/promises'
import type { ChaosUpstream } from './chaos-upstream.ts'
import { limits, type Pair } from './faults.ts'

/**
 * What the client of an open stream sees: it goes on, and what happens later is told on it; it ends, and the client opens another one; it ends with
 * the last message of a subscription; or with an error.
 */
export type StreamEnd = 'goes on' | 'ends' | 'ends with a result' | 'upstream_disconnected' | 'limit_response_exceeded'

/** One way in which open streams of an upstream fail. */
export interface StreamFault {
  readonly name: string
  /** What happens, for the published table. */
  readonly what: string
  readonly strike: (upstream: ChaosUpstream) => void | Promise<void>
  readonly answer: { readonly [pair in Pair]: StreamEnd }
}

const hidden = { '2025 > 2026': 'goes on', '2026 > 2025': 'goes on' } as const

export const streamFaults: readonly StreamFault[] = [
  {
    name: 'silence',
    what: 'Nothing happens for longer than `limits.upstreamIdleSeconds`.',
    strike: () => delay(limits.upstreamIdleSeconds * 1_500),
    answer: { '2025 > 2025': 'goes on', '2026 > 2026': 'goes on', ...hidden },
  },
  {
    name: 'reset',
    what: 'The connections of all streams are reset (RST).',
    strike: ({ streams }) => streams.forEach(({ socket }) => socket?.resetAndDestroy()),
    answer: { '2025 > 2025': 'ends', '2026 > 2026': 'upstream_disconnected', ...hidden },
  },
  {
    name: 'end',
    what: 'The upstream ends all streams in order.',
    strike: ({ streams }) => streams.forEach((stream) => stream.end()),
    answer: { '2025 > 2025': 'ends', '2026 > 2026': 'ends', ...hidden },
  },
  {
    name: 'oversized event',
    what: 'An event is larger than `limits.sseEventBytes`.',
    strike: ({ streams }) => streams.forEach((stream) => stream.write(`data: ${'x'.repeat(limits.sseEventBytes)}\n\n`)),
    answer: { '2025 > 2025': 'ends', '2026 > 2026': 'limit_response_exceeded', ...hidden },
  },
  {
    name: 'restart',
    what: 'The upstream was restarted: its connections and sessions are gone.',
    strike: async (upstream) => {
      await upstream.stop()
      await upstream.start()
    },
    answer: {
      '2025 > 2025': 'ends',
      '2026 > 2026': 'upstream_disconnected',
      '2025 > 2026': 'goes on',
      '2026 > 2025': 'ends with a result',
    },
  },
  {
    name: 'age',
    what: 'The stream is nine tenths of `limits.upstreamTotalSeconds` old; the next one is opened under a token that is checked again.',
    strike: () => delay(limits.upstreamTotalSeconds * 1_000),
    answer: {
      '2025 > 2025': 'ends',
      '2026 > 2026': 'ends with a result',
      '2025 > 2026': 'ends',
      '2026 > 2025': 'ends with a result',
    },
  },
]
