import { expect, test } from 'vitest'
import { formatTraceparent, parseTraceparent } from './trace-context.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'

test.each([
  [`00-${traceId}-${spanId}-01`, true],
  [`00-${traceId}-${spanId}-00`, false],
  [`00-${traceId}-${spanId}-03`, true],
  [`cc-${traceId}-${spanId}-01-what-comes-later`, true],
])('%s is read', (text, sampled) => {
  expect(parseTraceparent(text)).toEqual({ traceId, spanId, sampled })
})

test.each([
  undefined,
  7,
  '',
  `ff-${traceId}-${spanId}-01`,
  `00-${'0'.repeat(32)}-${spanId}-01`,
  `00-${traceId}-${'0'.repeat(16)}-01`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${traceId}-${spanId}-01-more`,
  `00-${traceId}-${spanId}`,
])('%s is ignored', (value) => {
  expect(parseTraceparent(value)).toBeUndefined()
})

test('what is written is read back', () => {
  const context = { traceId, spanId, sampled: true }
  expect(parseTraceparent(formatTraceparent(context))).toEqual(context)
})
