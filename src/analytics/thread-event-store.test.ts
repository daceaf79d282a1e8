import { Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { waitUntil } from '../../test/harness/wait-until.ts'
import { createThreadEventStore, type ThreadEventStore } from './thread-event-store.ts'

/** Answers everything with the number of its thread; `count` never, `row` by ending. */
const program = `
  const { parentPort, threadId } = require('node:worker_threads')
  parentPort.on('message', ({ id, name }) => {
    if (name === 'row') process.exit(1)
    else if (name !== 'count') parentPort.postMessage({ id, result: { answer: threadId } })
  })`
let started: Worker[] = []
let store: ThreadEventStore | undefined

function open(endAfterMs: number): ThreadEventStore {
  store = createThreadEventStore(() => {
    const thread = new Worker(program, { eval: true })
    started.push(thread)
    return thread
  }, endAfterMs)
  return store
}
const hasEnded = (thread: Worker | undefined) => thread?.threadId === -1

afterEach(async () => {
  await store?.close()
  started = []
})

test('nothing is started before somebody asks, and one thread answers everybody', async () => {
  const events = open(60_000)
  expect(started).toEqual([])
  const answers = await Promise.all([events.ask('a', {}), events.ask('b', {})])
  expect(answers[0]).toEqual(answers[1])
  expect(started).toHaveLength(1)
})

test('a thread that nobody asks ends, and the next question starts another', async () => {
  const events = open(1)
  const first = await events.ask('a', {})
  await waitUntil('the thread has ended', () => hasEnded(started[0]))
  expect(await events.ask('a', {})).not.toEqual(first)
  expect(started).toHaveLength(2)
})

test('a thread that is still at work is not ended', async () => {
  const events = open(1)
  const counting = events.count({}).catch((error: Error) => error.message)
  await events.ask('a', {})
  const { promise: later, resolve } = Promise.withResolvers<void>()
  setTimeout(resolve, 20)
  await later
  expect(hasEnded(started[0])).toBe(false)
  await expect(events.row('x')).rejects.toThrow('ended')
  expect(await counting).toContain('ended')
})

test('when a thread breaks, who waits is told, and the next question is answered', async () => {
  const events = open(60_000)
  await expect(events.row('x')).rejects.toThrow('the thread of the events has ended')
  expect(await events.ask('a', {})).toHaveProperty('answer')
})
