import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { formatEventSteps } from './format-event-steps.ts'

test('one line for each step; what would move the cursor is shown as it is', () => {
  const text = 'request:sign-in passed 0.04; upstream answered 41.2; result:a%1b[2J edited 0.30 (3 of 45 tools removed)'
  const lines = formatEventSteps(text, new PassThrough())
  expect(lines).toHaveLength(3)
  expect(lines[0]).toBe('         0.04 ms  request   passed    sign-in')
  expect(lines[1]).toBe('        41.20 ms  upstream  answered')
  expect(lines[2]).toContain('(3 of 45 tools removed)')
  expect(lines[2]).not.toContain('\u001b')
  expect(formatEventSteps(null, new PassThrough())).toEqual([])
})
