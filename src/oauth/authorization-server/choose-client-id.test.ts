import { describe, expect, test } from 'vitest'
import { chooseClientId } from './choose-client-id.ts'

const local = {
  redirect_uris: ['http://127.0.0.1:19876/mcp/oauth/callback'],
  token_endpoint_auth_method: 'none',
  client_name: 'OpenCode',
}

describe('a public client whose answers stay on the computer', () => {
  test('has the same id whenever it registers the same, in whatever order', () => {
    const id = chooseClientId(local)
    expect(id).toMatch(/^[\w-]{22}$/)
    expect(chooseClientId(Object.fromEntries(Object.entries(local).toReversed()))).toBe(id)
    expect(chooseClientId({ ...local, redirect_uris: ['app:/callback'] })).toBe(
      chooseClientId({ ...local, redirect_uris: ['app:/callback'] }),
    )
  })

  test.each([
    { ...local, client_name: 'OpenCode ' },
    { ...local, client_uri: 'https://opencode.ai' },
    { ...local, redirect_uris: ['http://127.0.0.1:19877/mcp/oauth/callback'] },
    { ...local, redirect_uris: [...local.redirect_uris, 'http://localhost/'] },
    { ...local, grant_types: ['authorization_code'] },
  ])('has another id when anything differs: %j', (changed) => {
    expect(chooseClientId(changed)).not.toBe(chooseClientId(local))
  })
})

test.each([
  ['has a secret', { ...local, token_endpoint_auth_method: 'client_secret_post' }],
  ['has a key', { ...local, token_endpoint_auth_method: 'private_key_jwt' }],
  ['is hosted', { ...local, redirect_uris: ['https://claude.ai/api/mcp/auth_callback'] }],
  ['is hosted as well', { ...local, redirect_uris: [...local.redirect_uris, 'HTTPS://www.cursor.com/callback'] }],
  ['is no object', undefined],
])('a client that %s has an id of its own every time', (_, metadata) => {
  expect(chooseClientId(metadata)).toMatch(/^[\w-]{22}$/)
  expect(chooseClientId(metadata)).not.toBe(chooseClientId(metadata))
})
