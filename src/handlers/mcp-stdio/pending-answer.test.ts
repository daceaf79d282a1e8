import { expect, it } from 'vitest'
import { GatewayError } from '../../errors/gateway-error.ts'
import { PendingAnswer } from './pending-answer.ts'

const note = (data: string) => ({ jsonrpc: '2.0', method: 'notifications/message', params: { data } })
const response = { jsonrpc: '2.0', id: 1, result: {} }

async function openStream(answer: PendingAnswer, takes: () => boolean) {
  const opened = await answer.promise
  if (opened instanceof GatewayError || opened.kind !== 'stream') throw new Error('not a stream')
  const events: string[] = []
  let ended: Error | 'well' | undefined
  opened.read({
    onEvent: (event) => {
      events.push(event.toString())
      return takes()
    },
    onEnd: (error) => {
      ended = error ?? 'well'
    },
  })
  return { stream: opened, events, end: () => ended }
}

it('is JSON when nothing comes before the response', async () => {
  const answer = new PendingAnswer(1_000, () => {})
  answer.finish(200, response)
  expect(await answer.promise).toMatchObject({ kind: 'json', status: 200, body: Buffer.from(JSON.stringify(response)) })
  expect(answer.push(note('late'))).toBe(false)
})

it('leaves notifications out while the client is behind, but never the response', async () => {
  const answer = new PendingAnswer(1_000, () => {})
  expect(answer.push(note('first'))).toBe(true)
  let takes = false
  const { stream, events, end } = await openStream(answer, () => takes)
  const kept = Array.from({ length: 100 }, () => answer.push(note('x'.repeat(100)))).filter(Boolean)
  expect(kept.length).toBeGreaterThan(0)
  expect(kept.length).toBeLessThan(10)
  answer.finish(200, response)
  expect(end()).toBeUndefined()
  takes = true
  stream.resume()
  expect(events).toHaveLength(kept.length + 2)
  expect(events.at(-1)).toContain('"result"')
  expect(end()).toBe('well')
})

it('takes notifications again from a client that caught up', async () => {
  const answer = new PendingAnswer(1_000, () => {})
  answer.push(note('first'))
  let takes = false
  const { stream } = await openStream(answer, () => takes)
  while (answer.push(note('x'.repeat(100))));
  takes = true
  stream.resume()
  expect(answer.push(note('again'))).toBe(true)
})

it('says when nobody reads the rest', async () => {
  let unread = 0
  const answer = new PendingAnswer(1_000, () => unread++)
  answer.push(note('first'))
  const { stream } = await openStream(answer, () => true)
  stream.cancel()
  expect(unread).toBe(1)
  expect(answer.isOver).toBe(true)
})

it('fails as an answer before anything came, and on the stream after that', async () => {
  const error = new GatewayError('upstream_disconnected')
  const early = new PendingAnswer(1_000, () => {})
  early.fail(error)
  expect(await early.promise).toBe(error)
  const late = new PendingAnswer(1_000, () => {})
  late.push(note('first'))
  const { end } = await openStream(late, () => true)
  late.fail(error)
  expect(end()).toBe(error)
})
