import type { Worker } from 'node:worker_threads'
import type { EventFilter } from './event-filter.ts'
import type { GatewayEventStore } from './event-store.ts'
import type { KeptSince } from './keep-events.ts'
import type { ThreadAnswer, ThreadCall } from './serve-events-thread.ts'

/** The store on a thread of its own, which is started when it is first needed. */
export interface ThreadEventStore extends GatewayEventStore {
  /** Rolls up what is new and deletes what is older than asked for. */
  maintain(kept: KeptSince): Promise<void>
}

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

/** A thread that nobody asked for this long ends: it takes some 25 MiB, which a gateway without traffic gives back. */
const idleMs = 30_000

/**
 * Asks the thread that `start` starts. When that breaks, calls under way reject, and the next one starts another, as it does when the thread
 * has ended because nobody asked it for a while.
 */
export function createThreadEventStore(start: () => Worker, endAfterMs = idleMs): ThreadEventStore {
  let thread: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  let lastId = 0
  let isClosed = false
  const waiting = new Map<number, Waiting>()
  const giveUp = (broken: Worker, error: Error) => {
    // The end of one that was sent away concerns nobody any more.
    if (thread !== broken) return
    thread = undefined
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  const endIdle = () => {
    const ending = thread
    thread = undefined
    ending?.once('message', () => void ending.terminate())
    ending?.postMessage({ id: 0, name: 'close', args: [] } satisfies ThreadCall)
  }
  const rest = (resting: Worker) => {
    resting.unref()
    clearTimeout(idle)
    idle = setTimeout(endIdle, endAfterMs).unref()
  }
  const open = () => {
    const opened = start()
    opened.on('message', ({ id, result, error }: ThreadAnswer) => {
      const call = waiting.get(id)
      waiting.delete(id)
      if (waiting.size === 0 && thread === opened) rest(opened)
      if (error !== undefined) call?.reject(new Error(error))
      else call?.resolve(result as never)
    })
    opened.on('error', (error: Error) => giveUp(opened, error))
    opened.on('exit', () => giveUp(opened, new Error('the thread of the events has ended')))
    return opened
  }
  const call = <Result>(name: ThreadCall['name'], ...args: readonly unknown[]): Promise<Result> => {
    if (isClosed) return Promise.reject(new Error('the events are closed'))
    clearTimeout(idle)
    thread ??= open()
    // Alone, it does not keep the process running.
    thread.ref()
    const id = ++lastId
    const answer = new Promise<Result>((resolve, reject) => waiting.set(id, { resolve, reject }))
    thread.postMessage({ id, name, args } satisfies ThreadCall)
    return answer
  }
  return {
    rows: (filter: EventFilter, page) => call('rows', filter, page),
    count: (filter: EventFilter) => call('count', filter),
    row: (id) => call('row', id),
    after: (cursor, filter: EventFilter, limit) => call('after', cursor, filter, limit),
    ask: (question, params) => call('ask', question, params),
    maintain: (kept) => call('maintain', kept),
    async close() {
      clearTimeout(idle)
      if (thread) await call('close').catch(() => undefined)
      isClosed = true
      await thread?.terminate()
    },
  }
}
