import { expect, test, vi } from 'vitest'
import { waitUntil } from '../../../test/harness/wait-until.ts'
import type { ExportAnswer, ExportRequest } from '../../contracts/post-export.ts'
import { OtlpQueue, type OtlpQueueOptions } from './otlp-queue.ts'

function create(
  send: (request: ExportRequest) => Promise<ExportAnswer>,
  change: Partial<OtlpQueueOptions<number>> = {},
) {
  const onDrop = vi.fn()
  const queue = new OtlpQueue<number>({
    delivery: { send: (make) => send(make()), trouble: undefined },
    headers: { 'x-key': 'k' },
    encode: (items) => ({ items }),
    maxWaiting: 5,
    batchSize: 2,
    flushMilliseconds: 1,
    onDrop,
    ...change,
  })
  return { queue, onDrop }
}
const taken = (body = '{}'): Promise<ExportAnswer> => Promise.resolve({ status: 200, body, retryAfterMs: undefined })
const itemsOf = ({ body }: ExportRequest) => (JSON.parse(String(body)) as { items: number[] }).items

test('sends in order, in batches, one at a time', async () => {
  const sent: number[][] = []
  let [running, most] = [0, 0]
  const { queue, onDrop } = create(async (request) => {
    most = Math.max(most, ++running)
    sent.push(itemsOf(request))
    await Promise.resolve()
    running--
    return taken()
  })
  for (const item of [1, 2, 3, 4, 5]) queue.add(item)
  await queue.flush()
  expect(sent).toEqual([[1, 2], [3, 4], [5]])
  expect(most).toBe(1)
  expect(onDrop).not.toHaveBeenCalled()
})

test('sends what waits without a full batch, soon', async () => {
  const sent: number[][] = []
  const { queue } = create((request) => {
    sent.push(itemsOf(request))
    return taken()
  })
  queue.add(1)
  await waitUntil('it to be sent', () => sent.length === 1)
})

test('drops and counts what does not fit, and goes on', async () => {
  const { promise, resolve } = Promise.withResolvers<ExportAnswer>()
  const sent: number[][] = []
  const { queue, onDrop } = create((request) => {
    sent.push(itemsOf(request))
    return sent.length === 1 ? promise : taken()
  })
  queue.add(0)
  await waitUntil('the first to be on its way', () => sent.length === 1)
  for (let item = 1; item <= 8; item++) queue.add(item)
  expect(queue.state).toMatchObject({ waiting: 5, dropped: 3 })
  expect(onDrop).toHaveBeenCalledTimes(3)
  resolve(await taken())
  await queue.flush()
  expect(sent.flat()).toEqual([0, 1, 2, 3, 4, 5])
})

test('a batch that is refused, or taken in part, is counted', async () => {
  const answers = [
    () => Promise.reject(new Error('400')),
    () => taken('{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}'),
    () => taken('no JSON'),
  ]
  const { queue, onDrop } = create(() => (answers.shift() ?? taken)(), { maxWaiting: 10 })
  for (const item of [1, 2, 3, 4, 5, 6]) queue.add(item)
  await queue.flush()
  expect(queue.state.dropped).toBe(2 + 3)
  expect(onDrop.mock.calls.map(([count]) => count as number)).toEqual([2, 3])
})
