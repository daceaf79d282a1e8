import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatSteps, parseSteps, stepDecisions, stepPhases, type TimedStep } from './steps.ts'

const awkward = ['a', ':', ';', '(', ')', ' ', '%', '28', '\n']
const timed = (step: Partial<TimedStep>): TimedStep => ({
  phase: 'request',
  name: '',
  decision: 'passed',
  startMs: 0,
  endMs: 0,
  detail: undefined,
  ...step,
})

test('a line that people can read', () => {
  const steps = [
    timed({ name: 'sign-in', startMs: 1, endMs: 1.042 }),
    timed({ phase: 'upstream', decision: 'answered', startMs: 2, endMs: 43.24 }),
    timed({ phase: 'result', name: 'read-only', decision: 'edited', endMs: 0.11, detail: '3 of 45 tools removed' }),
  ]
  expect(formatSteps(steps)).toBe(
    'request:sign-in passed 0.04; upstream answered 41.2; result:read-only edited 0.11 (3 of 45 tools removed)',
  )
})

test('nothing happened', () => {
  expect(formatSteps([])).toBeNull()
  expect(parseSteps(null)).toEqual([])
})

test('whatever a policy is called and says, the line is read back', () => {
  const anyStep = fc.record({
    phase: fc.constantFrom(...stepPhases),
    name: fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...awkward) })),
    decision: fc.constantFrom(...stepDecisions),
    startMs: fc.constant(0),
    endMs: fc.nat({ max: 999 }).map((count) => count / 100),
    detail: fc.option(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...awkward) })), {
      nil: undefined,
    }),
  })
  fc.assert(
    fc.property(fc.array(anyStep), (steps) => {
      const read = parseSteps(formatSteps(steps))
      expect(read).toEqual(
        steps.map(({ phase, name, decision, endMs, detail }) => ({ phase, name, decision, ms: endMs, detail })),
      )
    }),
  )
})

test('a part that another version wrote is left out', () => {
  expect(parseSteps('request:a passed 1; dream passed 2; upstream slept 3; upstream answered 4')).toMatchObject([
    { name: 'a' },
    { phase: 'upstream', ms: 4 },
  ])
})
