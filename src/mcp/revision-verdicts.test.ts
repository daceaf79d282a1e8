import { describe, expect, it } from 'vitest'
import { findOlderRevision, RevisionVerdicts } from './revision-verdicts.ts'

describe('the older revision to ask for', () => {
  const error = (code: number, data?: object) => ({ jsonrpc: '2.0', id: null, error: { code, message: 'm', data } })
  it.each([
    ['a page', 400, undefined, '2025-11-25', '2025-06-18'],
    ['an error', 400, error(-32000), '2025-11-25', '2025-06-18'],
    ['an error, before the last', 400, error(-32602), '2025-06-18', '2025-03-26'],
    ['the oldest is refused', 400, error(-32602), '2025-03-26', undefined],
    ['what is supported', 400, error(-32602, { supported: ['2024-11-05', '2025-03-26'] }), '2025-11-25', '2025-03-26'],
    ['what is supported, in-band', 200, error(-32602, { supported: ['2025-06-18'] }), '2025-11-25', '2025-06-18'],
    ['nothing that is older', 400, error(-32602, { supported: ['2025-11-25'] }), '2025-06-18', undefined],
    ['an upstream of 2026-07-28', 400, error(-32022, { supported: ['2026-07-28'] }), '2025-11-25', undefined],
    ['its headers', 400, error(-32020), '2025-11-25', undefined],
    ['an error in-band', 200, error(-32603), '2025-11-25', undefined],
    ['401', 401, undefined, '2025-11-25', undefined],
    ['404', 404, undefined, '2025-11-25', undefined],
    ['502', 502, undefined, '2025-11-25', undefined],
  ])('%s', (_, status, response, asked, revision) => {
    expect(findOlderRevision(status, response, asked)).toBe(revision)
  })
})

it('a verdict makes nobody ask for more than they would, is of one identity, and ends', () => {
  let now = 1
  const verdicts = new RevisionVerdicts(() => now)
  verdicts.note('ada', '2025-06-18')
  expect(verdicts.revisionFor('ada', '2025-11-25')).toBe('2025-06-18')
  expect(verdicts.revisionFor('ada', '2025-03-26')).toBe('2025-03-26')
  expect(verdicts.revisionFor('bob', '2025-11-25')).toBe('2025-11-25')
  now += 60 * 60 * 1000 + 1
  expect(verdicts.revisionFor('ada', '2025-11-25')).toBe('2025-11-25')
})
