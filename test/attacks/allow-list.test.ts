import { describe, expect, test } from 'vitest'
import { describeProvider } from '../harness/federated-server.ts'
import { signInAtScript } from '../harness/scripted-provider.ts'

const issuer = 'https://login.example.com'
const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  userinfo_endpoint: `${issuer}/userinfo`,
  id_token_signing_alg_values_supported: ['RS256'],
}
const settings = { ...describeProvider(issuer), allow: { emailDomains: ['example.com'] } }
const claims = { iss: issuer, aud: 'gateway', sub: 'ada' }

/** Whether somebody is let in whom ID token and userinfo endpoint describe like this. */
async function attempt(idToken: object, userInfo: object): Promise<string> {
  const script = { metadata, idToken: { ...claims, ...idToken }, userInfo: { sub: 'ada', ...userInfo } }
  const { person } = await signInAtScript(settings, script)
  return person.then(
    () => 'signed in',
    (error: unknown) => (error instanceof Error && 'reason' in error ? String(error.reason) : String(error)),
  )
}

describe('allow-list bypass by two descriptions of one person', () => {
  const verified = { email: 'ada@evil.example', email_verified: true }

  test.each([
    ['a verified address of one does not vouch for that of the other', { email: 'ada@example.com' }, verified],
    ['nor the other way round', verified, { email: 'ada@example.com' }],
    ['nor verification alone', { email_verified: true }, { email: 'ada@example.com' }],
    ['nor one that is not verified in the ID token', { ...verified, email_verified: false }, verified],
  ])('%s', async (_what, idToken, userInfo) => {
    expect(await attempt(idToken, userInfo)).toBe('identity_not_allowed')
  })

  test('both may say the same, or one of them everything', async () => {
    const good = { email: 'ada@example.com', email_verified: true }
    expect(await attempt({ email: 'ada@example.com' }, good)).toBe('signed in')
    expect(await attempt({}, good)).toBe('signed in')
    expect(await attempt(good, {})).toBe('signed in')
  })

  test('the userinfo of somebody else is not theirs', async () => {
    const other = { sub: 'eve', email: 'ada@example.com', email_verified: true }
    expect(await attempt({}, other)).toBe('identity_response_invalid')
  })
})
