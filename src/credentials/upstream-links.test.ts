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
    findByServer: (name: string) => (name === 'server' ? upstream : undefined),
    tenantsOf: () => [undefined],
  }
  const links = createUpstreamLinks(upstreams, { list }, '/base')
  return { link: await links.find('server', ada, consent), other: await links.find('other', ada, consent), asked }
}

test('an account of the person is looked for in their tenant, and connected there', async () => {
  const { link, other, asked } = await findLink(makeUpstream('linear', 'user-oauth', 'Linear'))
  expect(link).toMatchObject({ displayName: 'Linear', state: 'connect_required' })
  const path = new URL(link?.connectPath ?? '', 'https://gateway.example')
  expect(path.pathname).toBe('/base/auth/connections/linear/connect')
  expect(Object.fromEntries(path.searchParams)).toEqual({ tenant: 'acme', return: consent })
  expect(asked).toEqual([{ tenant: 'acme', upstream: 'linear', owner: 'subject:ada', limit: 1 }])
  expect(other).toBeUndefined()
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
