import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, it } from 'vitest'
import type { Subject } from '../contracts/subject.ts'
import { HttpExchange } from '../http/exchange.ts'
import { RunningExchanges } from './running-exchanges.ts'

function exchangeOf(revocableId: string | undefined, ended: string[]): HttpExchange {
  const request = { method: 'POST', headers: {} } as IncomingMessage
  const response = { destroy: () => ended.push(revocableId ?? 'nobody') } as unknown as ServerResponse
  const exchange = new HttpExchange(request, response, { name: 'a', path: '/mcp/a' }, '/mcp/a', '', '127.0.0.1')
  if (revocableId !== undefined) exchange.subject = { revocableId } as Subject
  return exchange
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

it('ends a request with those of its parts, which hear of it', () => {
  const running = new RunningExchanges()
  const ended: string[] = []
  const whole = exchangeOf('whole', ended)
  const part = Object.assign(exchangeOf(undefined, ended), { connectionId: 'connection of a part' })
  part.onCancel(() => ended.push('part'))
  whole.addPart(part)
  running.enter(whole)
  running.endRevoked('connection of a part')
  expect(ended).toEqual(['part', 'whole'])
})
