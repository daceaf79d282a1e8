import { describe, expect, test } from 'vitest'
import { operatorMembers } from './pre-registered-clients.ts'
import { sanitizeClientMetadata } from './sanitize-client-metadata.ts'

const redirect_uris = ['http://127.0.0.1/callback']

function accepted(input: object, kind: 'registration' | 'document' = 'registration') {
  const result = sanitizeClientMetadata(input, kind)
  if ('error' in result) throw new Error(result.description)
  return result.metadata
}

describe('sanitizeClientMetadata', () => {
  test('keeps what VS Code sends and drops the grant type it should not have', () => {
    const metadata = accepted({
      redirect_uris: ['https://insiders.vscode.dev/redirect', 'http://127.0.0.1:33418/'],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    })
    expect(metadata['grant_types']).toEqual(['authorization_code', 'refresh_token'])
    expect(metadata['redirect_uris']).toHaveLength(2)
  })

  test('lets a document ask for identity assertions, never a registration, and neither for client_credentials', () => {
    const assertions = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
    const ofOperator = Object.fromEntries(operatorMembers.map((member) => [member, ['acme']]))
    const input = { redirect_uris, grant_types: [assertions, 'client_credentials'], ...ofOperator }
    expect(accepted(input, 'document')).toMatchObject({ grant_types: ['authorization_code', assertions] })
    expect(accepted(input)).toMatchObject({ grant_types: ['authorization_code'] })
    for (const kind of ['document', 'registration'] as const) {
      for (const member of operatorMembers) expect(accepted(input, kind)).not.toHaveProperty(member)
    }
  })

  test('lets Cursor register its scheme, a loopback port and an https redirect together', () => {
    const metadata = accepted({
      client_name: 'Cursor',
      redirect_uris: [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'http://localhost:8787/callback',
        'https://www.cursor.com/cb',
      ],
    })
    expect(metadata).toMatchObject({
      client_name: 'Cursor',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
    })
  })

  test('takes characters out of names that could turn the consent page around', () => {
    expect(accepted({ redirect_uris, client_name: ' Cl\u202Eaude\u0000\u2066 \n' })['client_name']).toBe('Claude')
  })

  test('gives refresh tokens to clients that say nothing about grant types', () => {
    expect(accepted({ redirect_uris })['grant_types']).toEqual(['authorization_code', 'refresh_token'])
  })

  test('gives none to clients that list their grant types without it', () => {
    expect(accepted({ redirect_uris, grant_types: ['authorization_code'] })['grant_types']).toEqual([
      'authorization_code',
    ])
  })

  test('drops scopes, response types, algorithms and everything unknown', () => {
    const metadata = accepted({
      redirect_uris,
      scope: 'openid mcp:everything',
      response_types: ['code id_token'],
      id_token_signed_response_alg: 'none',
      software_statement: 'x',
      sector_identifier_uri: 'https://internal.example',
      client_id: 'chosen',
      jwks_uri: 'https://internal.example/keys',
    })
    expect(Object.keys(metadata).sort()).toEqual([
      'application_type',
      'grant_types',
      'redirect_uris',
      'response_types',
      'token_endpoint_auth_method',
    ])
  })

  test('keeps the confidential methods and turns unknown ones into none', () => {
    expect(accepted({ redirect_uris, token_endpoint_auth_method: 'client_secret_post' })).toMatchObject({
      token_endpoint_auth_method: 'client_secret_post',
    })
    expect(accepted({ redirect_uris, token_endpoint_auth_method: 'tls_client_auth' })).toMatchObject({
      token_endpoint_auth_method: 'none',
    })
  })

  test.each([
    [undefined],
    [[]],
    ['http://127.0.0.1/'],
    [['javascript:alert(1)']],
    [['http://127.0.0.1/', 'data:x,y']],
    [[{}]],
  ])('refuses redirect_uris %j', (uris) => {
    expect(sanitizeClientMetadata({ redirect_uris: uris }, 'registration')).toMatchObject({
      error: 'invalid_redirect_uri',
    })
  })

  test.each([null, [], 'text', 7])('refuses %j', (input) => {
    expect(sanitizeClientMetadata(input, 'registration')).toMatchObject({ error: 'invalid_client_metadata' })
  })

  test('shows the provider a shared secret in a document, which it must refuse', () => {
    const metadata = accepted({ client_id: 'https://c.example/id', redirect_uris, client_secret: 'x' }, 'document')
    expect(metadata).toMatchObject({ client_id: 'https://c.example/id', client_secret: 'x' })
  })
})
