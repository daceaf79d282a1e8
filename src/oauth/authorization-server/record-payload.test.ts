import { expect, test } from 'vitest'
import { testVault } from '../../../test/harness/authorization-server.ts'
import { hideId, openClientSecret, restoreId, sealClientSecret } from './record-payload.ts'

const id = 'Vs3kQb9_-interaction-uid-1234'

test('the id is nowhere in the stored text and comes back with its holder', () => {
  const payload = { jti: id, returnTo: `https://g.example/oauth/authorize/${id}`, params: { state: 'x' }, cid: 'c' }
  const text = hideId('Interaction', id, payload)
  expect(text).not.toContain(id)
  expect(() => JSON.parse(text)).not.toThrow()
  expect(restoreId(text, id)).toEqual(payload)
})

test('text that looks like the marker is left alone', () => {
  const params = { state: '\\u0069\\u0064 id \u0001 \\' }
  expect(restoreId(hideId('Interaction', id, { jti: id, params }), id)).toEqual({ jti: id, params })
})

test('the cookie of the browser session is not stored with an interaction', () => {
  const session = { accountId: 'ada', uid: 'u', cookie: 'session-cookie-value' }
  expect(hideId('Interaction', id, { jti: id, session })).not.toContain('session-cookie-value')
})

test('a client secret is sealed for its client only', () => {
  const sealed = sealClientSecret({ client_id: 'c', client_secret: 'top' }, 'hash-1', testVault)
  expect(sealed).not.toHaveProperty('client_secret')
  expect(openClientSecret(sealed, 'hash-1', testVault)).toMatchObject({ client_secret: 'top' })
  expect(() => openClientSecret(sealed, 'hash-2', testVault)).toThrow()
})
