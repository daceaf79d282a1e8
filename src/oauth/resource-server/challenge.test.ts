import { expect, test } from 'vitest'
import { bearerChallenge } from './challenge.ts'

const metadataUrl = 'https://g.example/.well-known/oauth-protected-resource/mcp/one'

test('without a token there is no error (RFC 6750 §3.1)', () => {
  expect(bearerChallenge({ metadataUrl, scope: 'mcp:tools' })).toBe(
    `Bearer resource_metadata="${metadataUrl}", scope="mcp:tools"`,
  )
})

test('values are quoted and escaped, and cannot break out of the header', () => {
  const challenge = bearerChallenge({
    metadataUrl,
    scope: '',
    error: 'invalid_token',
    description: 'a "b" \\ c\r\nx: é',
  })
  expect(challenge).toBe(
    `Bearer error="invalid_token", error_description="a \\"b\\" \\\\ c  x:  ", resource_metadata="${metadataUrl}"`,
  )
})
