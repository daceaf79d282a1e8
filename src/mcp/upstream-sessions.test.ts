import { describe, expect, it, vi } from 'vitest'
import { UpstreamSessions } from './upstream-sessions.ts'

class FakeSession {
  isBusy = false
  readonly retire = vi.fn()
  readonly end = vi.fn(async () => undefined)
}

describe('UpstreamSessions', () => {
  it('opens a session once, however many calls come at the same time', async () => {
    const sessions = new UpstreamSessions<FakeSession>()
    const session = new FakeSession()
    const begin = vi.fn(async () => session)
    const opened = await Promise.all([1, 2, 3].map(() => sessions.open('ada', 'k', begin)))
    expect(new Set(opened)).toEqual(new Set([session]))
    await sessions.open('ada', 'other', begin)
    expect(begin).toHaveBeenCalledTimes(2)
  })

  it('tries again after a failure', async () => {
    const sessions = new UpstreamSessions<FakeSession>()
    await expect(sessions.open('ada', 'k', () => Promise.reject(new Error('down')))).rejects.toThrow('down')
    const session = new FakeSession()
    expect(await sessions.open('ada', 'k', async () => session)).toBe(session)
  })

  it('forgets the session that is gone, and not the one that took its place', async () => {
    const sessions = new UpstreamSessions<FakeSession>()
    const [first, second] = [new FakeSession(), new FakeSession()]
    await sessions.open('ada', 'k', async () => first)
    sessions.forget('k', first)
    await sessions.open('ada', 'k', async () => second)
    sessions.forget('k', first)
    expect(await sessions.open('ada', 'k', async () => first)).toBe(second)
  })

  it('ends what nobody used for ten minutes, unless something runs in it', async () => {
    let nowMs = 0
    const sessions = new UpstreamSessions<FakeSession>({}, () => nowMs)
    const [idle, busy, used] = [new FakeSession(), new FakeSession(), new FakeSession()]
    for (const [key, session] of Object.entries({ idle, busy, used }))
      await sessions.open('ada', key, async () => session)
    busy.isBusy = true
    nowMs = 9 * 60 * 1000
    await sessions.open('ada', 'used', async () => used)
    nowMs = 10 * 60 * 1000
    sessions.endIdle()
    expect([idle, busy, used].map(({ retire }) => retire.mock.calls.length)).toEqual([1, 0, 0])
    expect(['idle', 'busy', 'used'].map((key) => sessions.has(key))).toEqual([false, true, true])
  })

  it('a person with many clients pushes out their own sessions only', async () => {
    const sessions = new UpstreamSessions<FakeSession>({ mostPerOwner: 2 })
    const opened = new Map<string, FakeSession>()
    for (const [owner, key] of [
      ['grace', 'g'],
      ['ada', '1'],
      ['ada', '2'],
      ['ada', '3'],
    ] as const) {
      opened.set(key, await sessions.open(owner, key, async () => new FakeSession()))
    }
    expect([...opened].map(([key, { retire }]) => [key, retire.mock.calls.length])).toEqual([
      ['g', 0],
      ['1', 1],
      ['2', 0],
      ['3', 0],
    ])
  })

  it('retires a session that was pushed out while it was being opened', async () => {
    const sessions = new UpstreamSessions<FakeSession>({ mostPerOwner: 1 })
    const slow = new FakeSession()
    const { promise, resolve } = Promise.withResolvers<FakeSession>()
    const opening = sessions.open('ada', 'slow', () => promise)
    await sessions.open('ada', 'next', async () => new FakeSession())
    resolve(slow)
    expect(await opening).toBe(slow)
    expect(slow.retire).toHaveBeenCalledOnce()
  })

  it('ends all of them at the end', async () => {
    const sessions = new UpstreamSessions<FakeSession>()
    const session = await sessions.open('ada', 'k', async () => new FakeSession())
    await sessions.close()
    expect(session.end).toHaveBeenCalledOnce()
    expect(sessions.has('k')).toBe(false)
  })
})
