import { expect, it } from 'vitest'
import { readSteps } from './read-steps.ts'

it('reads name, decision and milliseconds of every step', () => {
  expect(readSteps('sign-in passed 0.04; linear-read-only edited 0.11; upstream answered 41.2')).toEqual([
    { name: 'sign-in', decision: 'passed', milliseconds: 0.04 },
    { name: 'linear-read-only', decision: 'edited', milliseconds: 0.11 },
    { name: 'upstream', decision: 'answered', milliseconds: 41.2 },
  ])
})

it('keeps decisions of several words, and steps without a time', () => {
  expect(readSteps('fair-use refused (limit_rate_exceeded) 0.2; handler')).toEqual([
    { name: 'fair-use', decision: 'refused (limit_rate_exceeded)', milliseconds: 0.2 },
    { name: 'handler', decision: '', milliseconds: undefined },
  ])
})

it('has no steps for an empty text', () => expect(readSteps('')).toEqual([]))
