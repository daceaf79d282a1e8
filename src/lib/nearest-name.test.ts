import { expect, it } from 'vitest'
import { nearestName } from './nearest-name.ts'

it.each([
  ['rewritePatern', ['forwardSearch', 'rewritePattern'], 'rewritePattern'],
  ['RateLimitInboundPolcy', ['RateLimitInboundPolicy', 'SetHeadersInboundPolicy'], 'RateLimitInboundPolicy'],
  ['POST', ['get', 'post'], 'post'],
  ['gte', ['get', 'post'], 'get'],
  ['limits', ['limit', 'limits2'], 'limit'],
])('%s means %s', (name, candidates, expected) => {
  expect(nearestName(name, candidates)).toBe(expected)
})

it.each([
  ['c', ['a', 'b']],
  ['', ['a']],
  ['xy', ['ab', 'abc']],
  ['completely-else', ['rate-limit-inbound']],
])('%j is like none of %j', (name, candidates) => {
  expect(nearestName(name, candidates)).toBeUndefined()
})
