import { z } from 'zod'
import { isLoopbackHost } from '../../lib/loopback.ts'

const seconds = (defaultValue: number, description: string) =>
  z.number().positive().default(defaultValue).describe(`${description} Seconds.`)

const loginUrl = z
  .string()
  .refine(isDevLoginUrl, {
    error:
      'must be "/oauth/dev-login" or that path on a loopback URL: sign-in through an identity provider is not available yet',
  })
  .describe('Where people sign in: `/oauth/dev-login`, or its absolute URL on loopback.')

const browserLogin = z.strictObject({
  url: loginUrl,
  stateTtlSeconds: seconds(900, 'How long a sign-in may take.'),
  sessionTtlSeconds: seconds(28_800, 'How long a browser stays signed in.'),
})

const gateway = z.strictObject({
  accessTokenTtlSeconds: seconds(900, 'Lifetime of an access token.'),
  refreshTokenTtlSeconds: seconds(2_592_000, 'Lifetime of a refresh token; every use begins it anew.'),
  refreshTokenLeewaySeconds: z
    .number()
    .nonnegative()
    .default(10)
    .describe('How long a used refresh token is still accepted, for clients with several windows. Seconds.'),
  authorizationCodeTtlSeconds: seconds(60, 'Lifetime of an authorization code.'),
  cimdEnabled: z
    .boolean()
    .default(true)
    .describe('Accept clients that identify themselves by a metadata document (CIMD).'),
})

/** Options of `mcp-oauth-inbound`. */
export const mcpOAuthOptions = z.strictObject({
  browserLogin: browserLogin.describe('How people sign in.'),
  gateway: gateway.prefault({}).describe('Tokens of the gateway.'),
})

export type McpOAuthOptions = z.output<typeof mcpOAuthOptions>

function isDevLoginUrl(text: string): boolean {
  if (text === '/oauth/dev-login') return true
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false
  return (
    isLoopbackHost(url.hostname) && url.pathname.endsWith('/oauth/dev-login') && url.search === '' && url.hash === ''
  )
}
