import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createFakeCredentials, createMemoryCatalogs } from '../../test/harness/fake-credentials.ts'
import type { Exchange } from '../contracts/exchange.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import type { CredentialMode } from '../contracts/upstream.ts'
import { RouteCatalogs } from './known-catalogs.ts'

let store: ReturnType<typeof createMemoryCatalogs>
let catalogs: RouteCatalogs
let put: ReturnType<typeof vi.spyOn>
const open = (mode: CredentialMode) => {
  store = createMemoryCatalogs()
  put = vi.spyOn(store, 'put')
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const { upstream } = createFakeCredentials({ mode })
  catalogs = new RouteCatalogs({ store, virtualServer: 'tracker', upstream, log })
}
beforeEach(() => open('user-oauth'))

const as = (subject: string, tenant = 'default') => ({ subject: { id: subject, tenant }, tenant }) as Exchange
const request = (params: object = {}, method = 'tools/list') =>
  ({ method, kind: 'request', body: { params } }) as unknown as McpMessage
const page = (names: readonly string[], nextCursor?: string) =>
  Buffer.from(JSON.stringify({ id: 1, result: { tools: names, ...(nextCursor !== undefined && { nextCursor }) } }))
const known = async (subject = 'ada', tenant?: string) =>
  (await catalogs.find('tools/list', as(subject, tenant), true))?.tools

describe('a list in pages', () => {
  it('is known when its last page came', async () => {
    catalogs.note(request(), as('ada'), 'a', page(['one'], ''))
    expect(await known()).toBeUndefined()
    catalogs.note(request({ cursor: '' }), as('ada'), 'a', page(['two'], 'c2'))
    catalogs.note(request({ cursor: 'c2' }), as('ada'), 'a', page(['three']))
    expect(await known()).toEqual(['one', 'two', 'three'])
    expect(await catalogs.find('tools/list', as('ada'), true)).not.toHaveProperty('nextCursor')
  })

  it.each([
    ['a page is missing', 'c2', 'a'],
    ['the pages are of two accounts', '', 'other'],
  ])('is not known when %s', async (_, cursor, identity) => {
    catalogs.note(request(), as('ada'), 'a', page(['one'], ''))
    catalogs.note(request({ cursor }), as('ada'), identity, page(['three']))
    expect(await known()).toBeUndefined()
  })
})

it('is written once while it stays the same', async () => {
  for (let time = 0; time < 3; time++) {
    catalogs.note(request(), as('ada'), 'a', page(['one']))
    await catalogs.flush()
  }
  expect(put).toHaveBeenCalledTimes(1)
  catalogs.note(request(), as('ada'), 'a', page(['three']))
  await catalogs.flush()
  expect(put).toHaveBeenCalledTimes(2)
})

it('is looked at again under another credential, or after a minute', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout'] })
  catalogs.note(request(), as('ada'), 'a', page(['one']))
  catalogs.note(request(), as('ada'), 'other', page(['two']))
  expect(await known()).toEqual(['two'])
  vi.advanceTimersByTime(61_000)
  catalogs.note(request(), as('ada'), 'other', page(['six']))
  expect(await known()).toEqual(['six'])
  vi.useRealTimers()
})

it.each([
  ['user-oauth', true],
  ['shared-api-key', true],
  ['client-credentials', false],
  ['token-exchange', false],
] as const)('answers in the mode %s are noted: %s', (mode, noted) => {
  open(mode)
  expect(catalogs.records(request())).toBe(noted)
})

it.each([
  ['an error', Buffer.from('{"id":1,"error":{"code":-32603,"message":"x"}}')],
  ['what is not JSON', Buffer.from('tools')],
  ['what is incomplete', Buffer.from('{"id":1,"result":{"resultType":"input_required","tools":[]}}')],
  ['what is too large', page(['x'.repeat(1024 * 1024)])],
])('%s is not remembered', async (_, body) => {
  catalogs.note(request(), as('ada'), 'a', body)
  expect(await known()).toBeUndefined()
  expect(put).not.toHaveBeenCalled()
})

it('belongs to one person of one tenant, or to everybody of the tenant where the credential is shared', async () => {
  catalogs.note(request(), as('ada'), 'a', page(['one']))
  expect([await known('ada'), await known('bob'), await known('ada', 'globex')]).toEqual([
    ['one'],
    undefined,
    undefined,
  ])
  open('shared-oauth')
  catalogs.note(request(), as('ada'), 'a', page(['one']))
  expect([await known('ada'), await known('bob'), await known('ada', 'globex')]).toEqual([['one'], ['one'], undefined])
})

it('a store that fails is no failure of the call', async () => {
  put.mockRejectedValue(new Error('disk full'))
  catalogs.note(request(), as('ada'), 'a', page(['one']))
  await expect(catalogs.flush()).resolves.toBeUndefined()
})
