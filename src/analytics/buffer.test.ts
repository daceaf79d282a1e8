import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { EventBatch, EventSink, ListSink } from '../contracts/event-sink.ts'
import { createEventBuffer, type EventBuffer, type EventBufferOptions } from './buffer.ts'
import { type GatewayEvent, newEvent } from './event.ts'

type Sink = ListSink<GatewayEvent> & { readonly seen: string[]; closed: boolean }

function memorySink(write: (events: readonly GatewayEvent[]) => void | Promise<void> = () => {}): Sink {
  const seen: string[] = []
  return {
    name: 'memory',
    seen,
    closed: false,
    async write(events) {
      await write(events)
      seen.push(...events.map((event) => event.requestId))
    },
    close() {
      this.closed = true
    },
  }
}

const failingSink = (): EventSink<GatewayEvent> => ({
  name: 'broken',
  write() {
    throw new Error('disk full')
  },
  close() {
    throw new Error('cannot close')
  },
})

const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
let now = 0
function buffer(sinks: readonly EventSink<GatewayEvent>[], options: Partial<EventBufferOptions> = {}): EventBuffer {
  return createEventBuffer({ sinks, log, clock: () => now, ...options })
}
function recordMany(target: EventBuffer, count: number, from = 0): string[] {
  const ids = Array.from({ length: count }, (_, index) => String(from + index))
  for (const id of ids) target.record(newEvent('capability_completed', now, id))
  return ids
}

beforeEach(() => {
  vi.clearAllMocks()
  now = 0
})

describe('delivery', () => {
  test('every sink gets every event in order, in batches of the given size', async () => {
    const sizes: number[] = []
    const [left, right] = [memorySink((events) => void sizes.push(events.length)), memorySink()]
    const events = buffer([left, right], { batchSize: 10 })
    const ids = recordMany(events, 25)
    expect(left.seen).toEqual([])
    await events.flush()
    expect(left.seen).toEqual(ids)
    expect(right.seen).toEqual(ids)
    expect(sizes).toEqual([10, 10, 5])
    expect(events.dropped).toBe(0)
  })

  test('a full batch is written without waiting for the timer, a partial one by the timer', async () => {
    const sink = memorySink()
    const events = buffer([sink], { batchSize: 4, flushMilliseconds: 1 })
    recordMany(events, 4)
    await vi.waitFor(() => expect(sink.seen).toHaveLength(4))
    recordMany(events, 1, 4)
    await vi.waitFor(() => expect(sink.seen).toHaveLength(5))
  })

  describe('with fake timers', () => {
    beforeEach(() => void vi.useFakeTimers())
    afterEach(() => void vi.useRealTimers())

    test('the timer runs only while something waits', async () => {
      const events = buffer([memorySink()])
      expect(vi.getTimerCount()).toBe(0)
      recordMany(events, 3)
      expect(vi.getTimerCount()).toBe(1)
      await vi.advanceTimersByTimeAsync(500)
      expect(vi.getTimerCount()).toBe(0)
    })

    test('close gives up on a sink that hangs, says so, and does not leave a timer', async () => {
      const events = buffer([memorySink(() => new Promise(() => {}))], { closeMilliseconds: 50 })
      recordMany(events, 1)
      const closed = events.close()
      await vi.advanceTimersByTimeAsync(50)
      await closed
      expect(log.error).toHaveBeenCalledWith({}, expect.stringContaining('did not finish in time'))
      expect(vi.getTimerCount()).toBe(0)
    })
  })
})

describe('loss', () => {
  test('what does not fit is dropped, counted and reported', async () => {
    const sink = memorySink()
    const events = buffer([sink], { maxSize: 5 })
    recordMany(events, 8)
    await events.close()
    expect(sink.seen).toHaveLength(5)
    expect(events.dropped).toBe(3)
    const reported = log.error.mock.calls.map(([fields]) => (fields as { dropped: number }).dropped)
    expect(reported.reduce((sum, count) => sum + count, 0)).toBe(3)
  })

  test('what each sink lost is told under its own name, once in a while', async () => {
    const gone = { ...memorySink(() => Promise.reject(new Error('gone'))), name: 'gone' }
    const events = buffer([failingSink(), gone])
    for (let round = 0; round < 3; round++) {
      recordMany(events, 2)
      await events.flush()
    }
    const told = () => log.error.mock.calls.map(([fields]) => fields as { sink: string; dropped: number })
    expect(told()).toMatchObject([
      { sink: 'broken', dropped: 2, droppedTotal: 2 },
      { sink: 'gone', dropped: 2, droppedTotal: 2 },
    ])
    now += 10_000
    recordMany(events, 1)
    await events.flush()
    expect(told().slice(2)).toMatchObject([
      { sink: 'broken', dropped: 5, droppedTotal: 7 },
      { sink: 'gone', dropped: 5, droppedTotal: 7 },
    ])
  })

  test('a sink that hangs loses its own events only, beyond its bound', async () => {
    const [hanging, healthy] = [memorySink(() => new Promise(() => {})), memorySink()]
    const events = buffer([hanging, healthy], { maxSize: 4, batchSize: 2, closeMilliseconds: 1 })
    for (let round = 0; round < 6; round++) {
      recordMany(events, 2, round * 2)
      void events.flush()
      await vi.waitFor(() => expect(healthy.seen).toHaveLength(round * 2 + 2))
    }
    // One batch is being written for ever, two wait, three were dropped.
    expect(events.dropped).toBe(6)
    await events.close()
  })

  test('a sink that fails loses its batch, not the others, and the log says why', async () => {
    const healthy = memorySink()
    const events = buffer([failingSink(), healthy, memorySink(() => Promise.reject(new Error('gone')))])
    recordMany(events, 3)
    await events.flush()
    expect(healthy.seen).toHaveLength(3)
    expect(events.dropped).toBe(6)
    const [fields] = log.error.mock.calls[0] as [{ error: Error; sink: string; dropped: number }]
    expect(fields).toMatchObject({ sink: 'broken', dropped: 3 })
    expect(fields.error.message).toBe('disk full')
    await events.close()
    expect(healthy.closed).toBe(true)
  })

  test('a sink that always fails is reported once per ten seconds', async () => {
    const events = buffer([failingSink()])
    for (let second = 0; second < 21; second++) {
      now = second * 1000
      recordMany(events, 1)
      await events.flush()
    }
    expect(log.error).toHaveBeenCalledTimes(3)
    expect(events.dropped).toBe(21)
  })

  test('recording never throws: after close, and with a log that is broken', async () => {
    const throwing = {
      ...log,
      error: () => {
        throw new Error('no log')
      },
    }
    const events = buffer([failingSink()], { log: throwing, maxSize: 1 })
    recordMany(events, 3)
    await events.close()
    recordMany(events, 2)
    expect(events.dropped).toBe(5)
    await events.close()
  })
})

test('a sink that asks for it gets waiting batches together, up to its bound', async () => {
  const sizes: number[] = []
  let release = () => {}
  const slow: EventSink<GatewayEvent> = {
    name: 'slow',
    joinsUpTo: 10,
    write(events) {
      sizes.push(events.length)
      return new Promise((resolve) => {
        release = resolve
      })
    },
    close() {},
  }
  const events = buffer([slow], { batchSize: 4, closeMilliseconds: 1 })
  recordMany(events, 20)
  const flushed = events.flush()
  while (sizes.length < 3) {
    release()
    await new Promise(setImmediate)
  }
  release()
  await flushed
  expect(sizes).toEqual([4, 8, 8])
  await events.close()
})

describe('a commit', () => {
  test('is shared by what is recorded in one turn, and done when the first sink has it', async () => {
    const written = Promise.withResolvers<void>()
    const batches: number[] = []
    const store = memorySink((batch) => {
      batches.push(batch.length)
      return written.promise
    })
    const events = buffer([store, memorySink(() => new Promise(() => {}))], { closeMilliseconds: 1 })
    recordMany(events, 2)
    const first = events.commit()
    recordMany(events, 1, 2)
    const second = events.commit()
    await vi.waitFor(() => expect(batches).toEqual([3]))
    let isDone = false
    void first.then(() => {
      isDone = true
    })
    await new Promise(setImmediate)
    expect(isDone).toBe(false)
    written.resolve()
    expect(await Promise.all([first, second])).toEqual([true, true])
    await events.close()
  })

  test('says when its events were lost: by the first sink, not by another, and after the end', async () => {
    const events = buffer([memorySink(), failingSink()])
    recordMany(events, 1)
    expect(await events.commit()).toBe(true)
    const broken = buffer([failingSink(), memorySink()])
    recordMany(broken, 1)
    expect(await broken.commit()).toBe(false)
    const full = buffer([failingSink()], { batchSize: 2 })
    recordMany(full, 2)
    // The full batch is handed over before the commit looks.
    expect(await full.commit()).toBe(false)
    await events.close()
    const late = events.commit()
    recordMany(events, 1)
    expect(await late).toBe(false)
  })
})

/** A batch that is no list, of a sink that joins them; of each batch the ids are told, and how many it was made of. */
class JoinedBatch implements EventBatch<GatewayEvent> {
  readonly parts: readonly string[][]

  constructor(parts: readonly string[][] = [[]]) {
    this.parts = parts
  }

  get length(): number {
    return this.parts.flat().length
  }

  push(event: GatewayEvent): void {
    this.parts.at(-1)?.push(event.requestId)
  }
}

describe('a sink with batches of its own', () => {
  function joiningSink(change: Partial<EventSink<GatewayEvent, JoinedBatch>> = {}) {
    const written: (readonly string[][])[] = []
    const made: JoinedBatch[] = []
    const waiting: (() => void)[] = []
    const sink: EventSink<GatewayEvent, JoinedBatch> = {
      name: 'joining',
      newBatch() {
        const batch = new JoinedBatch()
        made.push(batch)
        return batch
      },
      join: (batches) => new JoinedBatch(batches.flatMap(({ parts }) => parts)),
      write(batch) {
        written.push(batch.parts)
        return new Promise((resolve) => waiting.push(resolve))
      },
      close() {},
      ...change,
    }
    /** Lets one write after the other end, until all are written. */
    const release = async (flushed: Promise<unknown>) => {
      const done = flushed.then(() => true)
      const nextTurn = () => new Promise<boolean>((resolve) => setImmediate(resolve, false))
      while (!(await Promise.race([done, nextTurn()]))) waiting.shift()?.()
    }
    return { sink, written, made, release }
  }

  test('gets its batches in their order', async () => {
    const { sink, written, release } = joiningSink()
    const events = buffer([sink], { batchSize: 3 })
    recordMany(events, 5)
    await release(events.flush())
    expect(written).toEqual([[['0', '1', '2']], [['3', '4']]])
  })

  test('gets events before they are written, so that few of them are kept', async () => {
    const { sink, written, made, release } = joiningSink()
    const events = buffer([sink], { batchSize: 500 })
    const ids = recordMany(events, 100)
    expect(made).toHaveLength(1)
    expect(made[0]?.length).toBeGreaterThan(50)
    await release(events.flush())
    expect(written.flat(2)).toEqual(ids)
  })

  test('gets waiting batches joined by itself, up to its bound', async () => {
    const { sink, written, release } = joiningSink({ joinsUpTo: 10 })
    const events = buffer([sink], { batchSize: 4 })
    const ids = recordMany(events, 22)
    await release(events.flush())
    expect(written.map((parts) => parts.map(({ length }) => length))).toEqual([[4], [4, 4], [4, 4, 2]])
    expect(written.flat(2)).toEqual(ids)
    expect(events.sinks).toMatchObject([{ written: 22, waiting: 0, dropped: 0 }])
  })

  test('a full batch is complete, also when more is recorded before it is handed over', async () => {
    const { sink, written, release } = joiningSink()
    const events = buffer([sink], { batchSize: 4 })
    recordMany(events, 11)
    expect(written).toEqual([])
    await new Promise(setImmediate)
    await release(events.flush())
    expect(written.map((parts) => parts.flat().length)).toEqual([4, 4, 3])
  })

  test('loses a batch that fails, and nothing of what comes later', async () => {
    const seen: string[] = []
    const { sink } = joiningSink({
      write(batch) {
        if (seen.length === 0 && batch.parts[0]?.includes('0')) throw new Error('no room')
        seen.push(...batch.parts.flat())
      },
    })
    const events = buffer([sink], { batchSize: 2 })
    recordMany(events, 5)
    expect(await events.commit()).toBe(false)
    expect(seen).toEqual(['2', '3', '4'])
    recordMany(events, 1, 5)
    expect(await events.commit()).toBe(true)
    expect(events.sinks).toMatchObject([{ written: 4, dropped: 2 }])
  })

  test('a commit is done when all of its batches are written, however they were joined', async () => {
    const { sink, written, release } = joiningSink({ joinsUpTo: 100 })
    const events = buffer([sink], { batchSize: 2 })
    recordMany(events, 7)
    const committed = events.commit()
    await release(committed)
    expect(await committed).toBe(true)
    expect(written.flat(2)).toHaveLength(7)
  })
})

describe('a sink that wants some events', () => {
  test('gets only those, and is asked once for each', async () => {
    const asked: string[] = []
    const [choosy, other] = [memorySink(), memorySink()]
    const isEven = ({ requestId }: GatewayEvent) => Number(requestId) % 2 === 0
    const wants = (event: GatewayEvent) => {
      asked.push(event.requestId)
      return isEven(event)
    }
    const events = buffer([{ ...choosy, wants }, other], { batchSize: 4 })
    const ids = recordMany(events, 10)
    await events.flush()
    expect(choosy.seen).toEqual(['0', '2', '4', '6', '8'])
    expect(other.seen).toEqual(ids)
    expect(events.sinks).toMatchObject([
      { written: 5, dropped: 0 },
      { written: 10, dropped: 0 },
    ])
    expect(asked).toEqual(ids)
  })

  test('is not written to for what it does not want, and a commit does not wait for that', async () => {
    const write = vi.fn()
    const events = buffer([{ ...memorySink(write), wants: () => false }, memorySink()])
    recordMany(events, 3)
    expect(await events.commit()).toBe(true)
    await events.flush()
    expect(write).not.toHaveBeenCalled()
  })

  test('loses nothing to its bound for what it does not want', async () => {
    const sink = { ...memorySink(), maxWaiting: 2, wants: ({ requestId }: GatewayEvent) => Number(requestId) < 2 }
    const events = buffer([sink])
    recordMany(events, 50)
    await events.flush()
    expect(events.dropped).toBe(0)
    expect(sink.seen).toEqual(['0', '1'])
  })
})
