import { beforeEach, describe, expect, test } from 'vitest'
import type { OAuthRecord, OAuthRecords } from '../../contracts/storage.ts'
import { sha256 } from '../../lib/hash.ts'
import { createAccessTokenVerifier } from './verify-access-token.ts'

const token = 'sp_at_abcdefghijklmnopqrstuvwxyz'
let now = 0
let finds = 0
let stored: Map<string, OAuthRecord>
let records: OAuthRecords

function put(model: string, id: string, payload: object): void {
  const idHash = sha256(id)
  const base = { tenant: 'acme', uid: undefined, consumedAtMs: undefined, grantId: 'g1', expiresAtMs: 10_000 }
  stored.set(model + idHash, { ...base, model, idHash, payload: JSON.stringify(payload) })
}

beforeEach(() => {
  now = 0
  finds = 0
  stored = new Map()
  records = {
    find: async (model: string, idHash: string) => {
      finds++
      return stored.get(model + idHash)
    },
  } as unknown as OAuthRecords
  put('AccessToken', token, { accountId: 'ada', clientId: 'c1', aud: 'https://g.example/mcp/one', scope: 'mcp:tools' })
  put('Grant', 'g1', {})
})

const create = () => createAccessTokenVerifier({ records, clock: () => now })

describe('createAccessTokenVerifier', () => {
  test('reads the store once, then answers without a promise', async () => {
    const verifier = create()
    expect(await verifier.verify(token)).toMatchObject({
      subject: { id: 'ada', tenant: 'acme', clientId: 'c1', scopes: ['mcp:tools'] },
      audience: ['https://g.example/mcp/one'],
      grantId: 'g1',
    })
    const before = finds
    expect(verifier.verify(token)).toMatchObject({ subject: { id: 'ada' } })
    expect(finds).toBe(before)
  })

  test('knows what the identity provider said, without asking the store at every request', async () => {
    const person = { subject: 'ada', provider: 'https://idp.example', roles: ['admin'], groups: ['a'], tenant: 't' }
    put('Person', 'ada', person)
    const verifier = create()
    const data = { sub: 'ada', roles: ['admin'], groups: ['a'], tenant: 't' }
    expect(await verifier.verify(token)).toMatchObject({ subject: { data } })
    const before = finds
    expect(verifier.verify(token)).toMatchObject({ subject: { data } })
    expect(finds).toBe(before)
    put('Person', 'ada', { ...person, roles: [] })
    verifier.forgetSubject('ada')
    expect(await verifier.verify(token)).toMatchObject({ subject: { data: { ...data, roles: [] } } })
  })

  test('checks expiry of remembered tokens too', async () => {
    const verifier = create()
    await verifier.verify(token)
    now = 10_000
    expect(await verifier.verify(token)).toBe('token_expired')
    expect(await verifier.verify(token)).toBe('token_expired')
  })

  test('forgets a destroyed token at once', async () => {
    const verifier = create()
    await verifier.verify(token)
    stored.delete(`AccessToken${sha256(token)}`)
    verifier.forgetToken(sha256(token))
    expect(await verifier.verify(token)).toBe('token_revoked')
  })

  test('forgets every token of a revoked grant at once', async () => {
    const verifier = create()
    await verifier.verify(token)
    stored.clear()
    verifier.forgetGrant('g1')
    expect(await verifier.verify(token)).toBe('token_revoked')
  })

  test('a revocation during the look-up is not missed', async () => {
    const verifier = create()
    const pending = verifier.verify(token)
    stored.clear()
    verifier.forgetGrant('g1')
    expect(await pending).toMatch(/^token_/)
    expect(await verifier.verify(token)).toBe('token_invalid')
  })

  test('a revocation right after the look-up is not missed either', async () => {
    const verifier = create()
    const grant = stored.get(`Grant${sha256('g1')}`)
    const find = records.find.bind(records)
    records.find = async (model, idHash) => {
      if (model !== 'Grant' || stored.size === 0) return find(model, idHash)
      stored.clear()
      verifier.forgetGrant('g1')
      return grant
    }
    expect(await verifier.verify(token)).toMatch(/^token_/)
    expect(await verifier.verify(token)).toMatch(/^token_/)
  })

  test('a token without its grant is worth nothing', async () => {
    stored.delete(`Grant${sha256('g1')}`)
    expect(await create().verify(token)).toBe('token_revoked')
  })

  test('does not remember refusals', async () => {
    const verifier = create()
    stored.delete(`AccessToken${sha256(token)}`)
    expect(await verifier.verify(token)).toBe('token_invalid')
    put('AccessToken', token, { accountId: 'ada', clientId: 'c1', aud: 'x' })
    expect(await verifier.verify(token)).toMatchObject({ subject: { id: 'ada' } })
  })

  test('does not ask the store about what cannot be a token', async () => {
    const verifier = create()
    expect(verifier.verify('eyJhbGciOi')).toBe('token_invalid')
    expect(verifier.verify(`sp_at_${'a'.repeat(10_000)}`)).toBe('token_invalid')
    expect(finds).toBe(0)
  })

  test('a refresh token is not an access token', async () => {
    const verifier = create()
    expect(await verifier.verify('sp_rt_abcdefghijklmnopqrstuvwxyz')).toBe('token_invalid')
  })
})
