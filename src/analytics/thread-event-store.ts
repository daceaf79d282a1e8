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
  resolve(result: never): void
  reject(error: Error): void
}

/** Asks the thread that `start` starts. When that breaks, calls under way reject, and the next one starts another. */
export function createThreadEventStore(start: () => Worker): ThreadEventStore {
  let thread: Worker | undefined
  let lastId = 0
  let isClosed = false
  const waiting = new Map<number, Waiting>()
  const giveUp = (error: Error) => {
    thread = undefined
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  const open = () => {
    const opened = start()
    opened.on('message', ({ id, result, error }: ThreadAnswer) => {
      const call = waiting.get(id)
      waiting.delete(id)
      if (waiting.size === 0) opened.unref()
      if (error !== undefined) call?.reject(new Error(error))
      else call?.resolve(result as never)
    })
    opened.on('error', giveUp)
    opened.on('exit', () => giveUp(new Error('the thread of the events has ended')))
    return opened
  }
  const call = <Result>(name: ThreadCall['name'], ...args: readonly unknown[]): Promise<Result> => {
    if (isClosed) return Promise.reject(new Error('the events are closed'))
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
      if (thread) await call('close').catch(() => undefined)
      isClosed = true
      await thread?.terminate()
    },
  }
}
