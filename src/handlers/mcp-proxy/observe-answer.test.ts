import { expect, it, vi } from 'vitest'
import type { EventStreamReader, StreamedAnswer } from '../../contracts/handler.ts'
import { observeAnswer } from './observe-answer.ts'

function streamOf(events: readonly string[], failure?: Error): StreamedAnswer {
  return {
    kind: 'stream',
    status: 200,
    headers: {},
    upstreamMs: 1,
    read(reader) {
      for (const event of events) reader.onEvent(Buffer.from(event))
      reader.onEnd(failure)
    },
    resume: () => {},
    cancel: () => {},
  }
}

const progress = 'data: {"method":"notifications/progress"}\n\n'
const response = 'event: message\ndata: {"id":1,"result":{}}\n\n'

it('shows the response of a stream on its way, and passes every event on as it came', () => {
  const seen: string[] = []
  const passed: string[] = []
  const failure = new Error('broken off')
  const reader: EventStreamReader = {
    onEvent: (event) => passed.push(event.toString()) < 2,
    onEnd: (error) => expect(error).toBe(failure),
  }
  const [resume, cancel] = [vi.fn(), vi.fn()]
  const stream = { ...streamOf([progress, response], failure), resume, cancel }
  const observed = observeAnswer(stream, (data) => seen.push(data.toString())) as StreamedAnswer
  observed.read(reader)
  observed.resume()
  observed.cancel()
  expect(passed).toEqual([progress, response])
  expect(seen).toEqual(['{"id":1,"result":{}}'])
  expect(resume).toHaveBeenCalledTimes(1)
  expect(cancel).toHaveBeenCalledTimes(1)
  expect.assertions(5)
})

it('keeps the pace of the reader', () => {
  let full: boolean | undefined
  const source: StreamedAnswer = {
    ...streamOf([]),
    read: (reader) => {
      full = !reader.onEvent(Buffer.from(response))
    },
  }
  const observed = observeAnswer(source, () => {}) as StreamedAnswer
  observed.read({ onEvent: () => false, onEnd: () => {} })
  expect(full).toBe(true)
})
