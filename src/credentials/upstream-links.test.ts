import { expect, test } from 'vitest'
import { makeUpstream } from '../../test/harness/connection-pages.ts'
import type { ConnectionRecord } from '../contracts/storage.ts'
import type { UpstreamSettings } from '../contracts/upstream.ts'
import { createUpstreamLinks } from './upstream-links.ts'

const ada = { subject: 'ada', tenant: 'acme' }
const consent = '/base/oauth/consent/AAAAAAAAAAAAAAAAAAAAA'

/** What is left to connect at an upstream, with one stored connection. */
async function findLink(upstream: UpstreamSettings, stored?: Partial<ConnectionRecord>) {
  const asked: object[] = []
  const list = async (filter: object) => {
    asked.push(filter)
    return stored ? [stored as ConnectionRecord] : []
  }
  const upstreams = {
    list: () => [upstream],
    find: () => upstream,
    listByServer: (name: string) => (name === 'server' ? [upstream] : []),
    tenantsOf: () => [undefined],
  }
  const links = createUpstreamLinks(upstreams, { list }, '/base')
  const [link, ...more] = await links.list('server', ada, consent)
  expect(more).toEqual([])
  return { link, others: await links.list('other', ada, consent), asked }
}

test('an account of the person is looked for in their tenant, and connected there', async () => {
  const { link, others, asked } = await findLink(makeUpstream('linear', 'user-oauth', 'Linear'))
  expect(link).toMatchObject({ displayName: 'Linear', state: 'connect_required' })
  const path = new URL(link?.connectPath ?? '', 'https://gateway.example')
  expect(path.pathname).toBe('/base/auth/connections/linear/connect')
  expect(Object.fromEntries(path.searchParams)).toEqual({ tenant: 'acme', return: consent })
  expect(asked).toEqual([{ tenant: 'acme', upstream: 'linear', owner: 'subject:ada', limit: 1 }])
  expect(others).toEqual([])
})

test.each([
  ['user-oauth', 'connected', 'connected', true],
  ['user-oauth', 'reconsent_required', 'reconsent_required', true],
  ['user-api-key', undefined, 'connect_required', true],
  ['shared-oauth', undefined, 'admin_connect_required', false],
  ['shared-oauth', 'reconsent_required', 'admin_connect_required', false],
  ['shared-oauth', 'connected', 'connected', false],
  ['shared-api-key', undefined, 'admin_connect_required', false],
] as const)('%s with a connection that is %s is %s', async (mode, stored, state, canConnect) => {
  const { link, asked } = await findLink(makeUpstream('linear', mode), stored && { state: stored, kind: 'oauth' })
  expect(link?.state).toBe(state)
  expect(link?.connectPath !== undefined).toBe(canConnect)
  expect(asked).toMatchObject([{ owner: mode.startsWith('shared') ? 'shared' : 'subject:ada' }])
})

test('a key in the configuration needs nobody', async () => {
  const { Secret } = await import('../lib/secret.ts')
  const upstream = makeUpstream('maps', 'shared-api-key')
  const apiKey = { header: 'authorization', scheme: 'Bearer', value: new Secret('key') }
  expect((await findLink({ ...upstream, apiKey })).link?.state).toBe('connected')
})

test.each(['client-credentials', 'token-exchange', 'id-jag', 'mtls'] as const)(
  '%s asks nobody to connect',
  async (mode) => {
    expect((await findLink(makeUpstream('ledger', mode))).link).toBeUndefined()
  },
)

test('every upstream behind an aggregate is named, those that need nobody are not', async () => {
  const behind = [
    makeUpstream('linear', 'user-oauth'),
    makeUpstream('ledger', 'client-credentials'),
    makeUpstream('wiki', 'shared-oauth'),
    makeUpstream('maps', 'user-api-key'),
  ]
  const upstreams = { list: () => behind, find: () => undefined, listByServer: () => behind, tenantsOf: () => [] }
  const list = async ({ upstream }: { readonly upstream?: string | undefined }) =>
    upstream === 'maps' ? [{ state: 'connected', kind: 'api-key' } as unknown as ConnectionRecord] : []
  const links = await createUpstreamLinks(upstreams, { list }, '').list('hub', ada, consent)
  expect(links.map(({ id, state, connectPath }) => [id, state, connectPath !== undefined])).toEqual([
    ['linear', 'connect_required', true],
    ['wiki', 'admin_connect_required', false],
    ['maps', 'connected', true],
  ])
})
