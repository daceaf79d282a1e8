import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type DecidedStep,
  formatStepMs,
  parseSteps,
  startSteps,
  stepDecisions,
  stepPhases,
  timeSteps,
} from './steps.ts'

const walk = (steps: readonly DecidedStep[]) =>
  steps.reduce(
    (path, { phase, name, decision, detail }) => path.followedBy(phase, name, decision, detail),
    startSteps(),
  )

test('lines that people can read', () => {
  const path = startSteps()
    .followedBy('request', 'sign-in', 'passed', undefined)
    .followedBy('upstream', '', 'answered', undefined)
    .followedBy('result', 'read-only', 'edited', '3 of 45 tools removed')
  expect(path.text).toBe('request:sign-in passed; upstream answered; result:read-only edited (3 of 45 tools removed)')
  expect(formatStepMs([1, 1.042, 2, 43.24, 0, 0.11, 5, 4])).toBe('0.04 41.2 0.11 0.00')
})

test('nothing happened', () => {
  expect(startSteps().text).toBeNull()
  expect(formatStepMs([])).toBeNull()
  expect(parseSteps(null, null)).toEqual([])
})

test('those that go the same way share it', () => {
  const first = startSteps().followedBy('request', 'a', 'passed', undefined)
  expect(startSteps().followedBy('request', 'a', 'passed', undefined)).toBe(first)
  expect(startSteps().followedBy('request', 'a', 'passed', 'twice')).not.toBe(first)
  expect(first.followedBy('body', '', 'passed', undefined)).toBe(first.followedBy('body', '', 'passed', undefined))
})

test('however many ways there are, each has its own text', () => {
  for (let count = 0; count < 20_000; count++) {
    const path = startSteps()
      .followedBy('message', 'a', 'edited', `${count % 300}`)
      .followedBy('upstream', '', 'failed', `${count}`)
    expect(path.text).toBe(`message:a edited (${count % 300}); upstream failed (${count})`)
  }
})

const awkward = ['a', ':', ';', '(', ')', ' ', '%', '28', '\n']
const anyStep = fc.record({
  phase: fc.constantFrom(...stepPhases),
  name: fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...awkward) })),
  decision: fc.constantFrom(...stepDecisions),
  ms: fc.nat({ max: 999 }).map((count) => count / 100),
  detail: fc.option(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...awkward) })), { nil: undefined }),
})

test('whatever a policy is called and says, the lines are read back', () => {
  fc.assert(
    fc.property(fc.array(anyStep), (steps) => {
      const times = steps.flatMap(({ ms }) => [0, ms])
      expect(parseSteps(walk(steps).text, formatStepMs(times))).toEqual(steps)
      const timed = steps.map(({ ms, ...step }) => ({ ...step, startMs: 0, endMs: ms }))
      expect(timeSteps(walk(steps), times)).toEqual(timed)
    }),
  )
})

test('a part that another version wrote is left out', () => {
  const text = 'request:a passed; dream passed; upstream slept; upstream answered'
  expect(parseSteps(text, '1 2 3 4')).toMatchObject([{ name: 'a' }, { phase: 'upstream', ms: 4 }])
})
