import { expect, test } from 'vitest'
import { tokenExchangeOptions } from './options.ts'

const problemsOf = (apiKey: object) => {
  const result = tokenExchangeOptions.safeParse({ displayName: 'Maps', authMode: 'shared-api-key', apiKey })
  return (result.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

test.each([
  ['with the line end of its file', { value: 'secret-key\n' }, /^apiKey\.value: Not a header value/],
  ['that begins another header', { value: 'k\r\nx-admin: 1' }, /^apiKey\.value: Not a header value/],
  ['that is not set', { value: '' }, /^apiKey\.value: The value is empty/],
  ['behind a scheme with a line end', { scheme: 'Bearer\n' }, /^apiKey\.scheme: must be one word/],
  ['in a header of the hop', { header: 'Mcp-Session-Id' }, /^apiKey\.header: The gateway computes/],
])('a key %s is a problem of the project, and is not repeated', (_, apiKey, expected) => {
  const [problem] = problemsOf(apiKey)
  expect(problem).toMatch(expected)
  expect(problem).not.toContain('secret-key')
})

test('a bare key in a header of its own is fine', () => {
  expect(problemsOf({ header: 'X-API-Key', scheme: '', value: 'secret-key' })).toEqual([])
})
