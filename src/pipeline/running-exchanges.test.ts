import { expect, it } from 'vitest'
import type { HttpExchange } from '../http/exchange.ts'
import { RunningExchanges } from './running-exchanges.ts'

function exchangeOf(revocableId: string | undefined, ended: string[]): HttpExchange {
  const subject = revocableId === undefined ? undefined : { revocableId }
  return { subject, endAtOnce: () => ended.push(revocableId ?? 'nobody') } as unknown as HttpExchange
}

it('counts what is under way, however often slots are used again', () => {
  const running = new RunningExchanges()
  const first = running.enter(exchangeOf('a', []))
  const second = running.enter(exchangeOf('b', []))
  running.leave(first)
  expect(running.size).toBe(1)
  expect(running.enter(exchangeOf('c', []))).toBe(first)
  running.leave(second)
  running.leave(first)
  expect(running.size).toBe(0)
})

it('ends those under a revoked credential and no other, none of them after it left', () => {
  const running = new RunningExchanges()
  const ended: string[] = []
  running.enter(exchangeOf('kept', ended))
  running.enter(exchangeOf(undefined, ended))
  running.enter(exchangeOf('revoked', ended))
  running.leave(running.enter(exchangeOf('revoked', ended)))
  running.endRevoked('revoked')
  expect(ended).toEqual(['revoked'])
})

it('ends those under a connection that ended', () => {
  const running = new RunningExchanges()
  const ended: string[] = []
  for (const name of ['a', 'b'])
    running.enter(Object.assign(exchangeOf(name, ended), { connectionId: `connection of ${name}` }))
  running.endRevoked('connection of b')
  expect(ended).toEqual(['b'])
})
