import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { formatEventSteps } from './format-event-steps.ts'

test('one line for each step; what would move the cursor is shown as it is', () => {
  const steps = 'request:sign-in passed; upstream answered; result:a%1b[2J edited (3 of 45 tools removed)'
  const lines = formatEventSteps({ steps, stepMs: '0.04 41.2 0.30' }, new PassThrough())
  expect(lines).toHaveLength(3)
  expect(lines[0]).toBe('         0.04 ms  request   passed    sign-in')
  expect(lines[1]).toBe('        41.20 ms  upstream  answered')
  expect(lines[2]).toContain('(3 of 45 tools removed)')
  expect(lines[2]).not.toContain('\u001b')
  expect(formatEventSteps({ steps: null, stepMs: null }, new PassThrough())).toEqual([])
})
