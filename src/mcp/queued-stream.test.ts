import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { QueuedStream } from './queued-stream.ts'

it('whatever the pace of its reader, every event comes once and in order, and then the end', () => {
  const actions = fc.array(fc.constantFrom('push', 'resume', 'read'), { maxLength: 60 })
  fc.assert(
    fc.property(actions, fc.func(fc.boolean()), (steps, takesMore) => {
      const seen: string[] = []
      let ends = 0
      let pushed = 0
      const stream = new QueuedStream(
        0,
        () => undefined,
        () => undefined,
      )
      let isReading = false
      let mayDeliver = false
      for (const step of [...steps, 'read', 'end'] as const) {
        if (step === 'push') stream.push(Buffer.from(String(pushed++)))
        else if (step === 'end') stream.end()
        else if (step === 'read' && !isReading) {
          isReading = true
          mayDeliver = true
          stream.read({
            onEvent(event) {
              // Nothing comes while the reader has said to wait.
              expect(mayDeliver).toBe(true)
              seen.push(event.toString())
              mayDeliver = takesMore(seen.length)
              return mayDeliver
            },
            onEnd: () => ends++,
          })
        } else if (step === 'resume' && isReading) {
          mayDeliver = true
          stream.resume()
        }
      }
      for (let left = 0; left <= pushed; left++) {
        mayDeliver = true
        stream.resume()
      }
      expect(seen).toEqual(Array.from({ length: pushed }, (_, index) => String(index)))
      expect(ends).toBe(1)
    }),
    { numRuns: 500 },
  )
})
