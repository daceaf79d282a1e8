import { describe, expect, it } from 'vitest'
import type { LiveSession } from '../contracts/live-sessions.ts'
import { createLiveSessions } from './live-sessions.ts'

function openOne(): LiveSession {
  const session = createLiveSessions().open('one', 'ada')
  if (session === undefined) throw new Error('no session')
  return session
}

describe('questions of a session', () => {
  it('are answered once, by their id', async () => {
    const session = openOne()
    const question = session.ask()
    const id = String(question?.id)
    expect(session.answer('other', { result: 1 })).toBe(false)
    expect(session.answer(id, { result: 2 })).toBe(true)
    expect(session.answer(id, { result: 3 })).toBe(false)
    expect(await question?.answer).toEqual({ result: 2 })
  })

  it('are those of no other session', () => {
    const sessions = createLiveSessions()
    const id = String(sessions.open('one', 'ada')?.ask()?.id)
    expect(sessions.open('two', 'ada')?.answer(id, {})).toBe(false)
    expect(sessions.open('one', 'ada')?.answer(id, {})).toBe(true)
  })

  it('are limited, and end when they are withdrawn', () => {
    const session = openOne()
    const questions = Array.from({ length: 64 }, () => session.ask())
    expect(new Set(questions.map((each) => each?.id)).size).toBe(64)
    expect(session.ask()).toBeUndefined()
    questions[0]?.withdraw()
    expect(session.answer(String(questions[0]?.id), {})).toBe(false)
    expect(session.ask()).toBeDefined()
  })
})

describe('calls of a session', () => {
  it('are cancelled by the id of the client, and not after they ended', () => {
    const session = openOne()
    const cancelled: unknown[] = []
    const finish = session.begin(1, () => cancelled.push(1))
    session.begin('1', () => cancelled.push('1'))
    session.cancel('1')
    expect(cancelled).toEqual(['1'])
    finish()
    session.cancel(1)
    session.cancel(2)
    expect(cancelled).toEqual(['1'])
  })

  it('of the same id: the end of the first is not that of the second', () => {
    const session = openOne()
    let cancelled = 0
    const finishFirst = session.begin(1, () => undefined)
    session.begin(1, () => cancelled++)
    finishFirst()
    session.cancel(1)
    expect(cancelled).toBe(1)
  })
})

it('a session that its client ended is not opened again, and ends what is in it', () => {
  const sessions = createLiveSessions()
  const session = sessions.open('one', 'ada')
  const ended: string[] = []
  session?.begin(1, () => ended.push('call'))
  session?.attachStream(() => ended.push('stream'))
  expect(sessions.hasEnded('one')).toBe(false)
  sessions.end('one', 'ada')
  expect(ended.toSorted()).toEqual(['call', 'stream'])
  expect(sessions.open('one', 'ada')).toBeUndefined()
  expect(sessions.hasEnded('one')).toBe(true)
})

it('subscriptions are told to the stream, kept without one, and limited', () => {
  const session = openOne()
  let changes = 0
  expect(session.subscribe('a:1')).toBe(true)
  session.onSubscriptionsChanged = () => changes++
  session.subscribe('a:2')
  session.unsubscribe('a:1')
  session.unsubscribe('a:1')
  expect(changes).toBe(2)
  expect(session.subscriptions).toEqual(['a:2'])
  for (let index = 0; index < 999; index++) session.subscribe(`b:${index}`)
  expect(session.subscribe('c:1')).toBe(false)
})

it('a new stream takes the place of the one before, whose end does not detach it', () => {
  const session = openOne()
  const ended: string[] = []
  const first = () => {
    ended.push('first')
    session.detachStream(first)
  }
  session.attachStream(first)
  session.attachStream(() => ended.push('second'))
  session.attachStream(() => ended.push('third'))
  expect(ended).toEqual(['first', 'second'])
})

it('somebody with very many sessions loses their own, and nobody else theirs', () => {
  const sessions = createLiveSessions()
  const id = String(sessions.open('one', 'ada')?.ask()?.id)
  const lost = String(sessions.open('first', 'mallory')?.ask()?.id)
  for (let index = 0; index < 1000; index++) sessions.open(`more ${index}`, 'mallory')
  expect(sessions.open('first', 'mallory')?.answer(lost, {})).toBe(false)
  expect(sessions.open('one', 'mallory')?.answer(id, {})).toBe(false)
  expect(sessions.open('one', 'ada')?.answer(id, {})).toBe(true)
  sessions.end('one', 'ada')
  expect(sessions.open('one', 'ada')).toBeUndefined()
})
