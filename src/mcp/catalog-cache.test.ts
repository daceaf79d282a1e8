import { describe, expect, it } from 'vitest'
import type { McpMessage } from '../contracts/mcp.ts'
import type { Subject } from '../contracts/subject.ts'
import { UpstreamHeaderMap } from '../http/exchange.ts'
import { CatalogCache, cacheKey } from './catalog-cache.ts'

const alice: Subject = { id: 'alice', tenant: 'default', clientId: 'c', scopes: [], data: {} }

function keyFor(subject: Subject, params: object = {}, headers: Record<string, string> = {}, owner?: string) {
  const upstreamHeaders = new UpstreamHeaderMap()
  for (const [name, value] of Object.entries(headers)) upstreamHeaders.set(name, value)
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/list', params }
  const message = { method: 'tools/list', protocolVersion: '2026-07-28', body } as unknown as McpMessage
  return cacheKey(message, { subject, tenant: subject.tenant, upstreamHeaders, search: '' } as never, owner)
}

const publicList = { resultType: 'complete', tools: [{ name: 'a' }], ttlMs: 60_000, cacheScope: 'public' }

describe('CatalogCache', () => {
  it('answers under the id of the caller, with the time that is left', () => {
    const cache = new CatalogCache()
    cache.keep(keyFor(alice), publicList, false)
    const answer = JSON.parse(String(cache.answer(keyFor(alice), 'x"y')))
    expect(answer).toMatchObject({
      jsonrpc: '2.0',
      id: 'x"y',
      result: { resultType: 'complete', tools: [{ name: 'a' }] },
    })
    expect(answer.result.ttlMs).toBeLessThanOrEqual(60_000)
    expect(answer.result.ttlMs).toBeGreaterThan(0)
  })

  it('shares nothing between tenants, not even a public list', () => {
    const cache = new CatalogCache()
    cache.keep(keyFor(alice), publicList, false)
    expect(cache.answer(keyFor({ ...alice, tenant: 'globex' }), 1)).toBeUndefined()
  })

  it('shares a public list between people, and never a private one', () => {
    const bob = { ...alice, id: 'bob' }
    const shared = new CatalogCache()
    shared.keep(keyFor(alice), publicList, false)
    expect(shared.answer(keyFor(bob), 1)).toBeDefined()
    const personal = new CatalogCache()
    personal.keep(keyFor(alice), { ...publicList, cacheScope: 'private' }, false)
    expect(personal.answer(keyFor(bob), 1)).toBeUndefined()
    expect(personal.answer(keyFor(alice), 1)).toBeDefined()
    expect(personal.answer(keyFor({ ...alice, clientId: 'other' }), 1)).toBeUndefined()
  })

  it('shares nothing between credentials, not even a public list of the same person', () => {
    const cache = new CatalogCache()
    cache.keep(keyFor(alice, {}, {}, 'first account'), publicList, false)
    expect(cache.answer(keyFor(alice, {}, {}, 'second account'), 1)).toBeUndefined()
    expect(cache.answer(keyFor(alice), 1)).toBeUndefined()
    expect(cache.answer(keyFor(alice, {}, {}, 'first account'), 1)).toBeDefined()
  })

  it('treats a public list that a policy made for one person as private', () => {
    const cache = new CatalogCache()
    cache.keep(keyFor(alice), publicList, true)
    expect(cache.answer(keyFor({ ...alice, id: 'bob' }), 1)).toBeUndefined()
  })

  it('keeps apart what was asked differently', () => {
    const cache = new CatalogCache()
    cache.keep(keyFor(alice), publicList, false)
    const capabilities = { _meta: { 'io.modelcontextprotocol/clientCapabilities': { sampling: {} } } }
    expect(cache.answer(keyFor(alice, { cursor: '' }), 1)).toBeUndefined()
    expect(cache.answer(keyFor(alice, capabilities), 1)).toBeUndefined()
    expect(cache.answer(keyFor(alice, {}, { authorization: 'Bearer other' }), 1)).toBeUndefined()
    expect(cache.answer(keyFor(alice, {}, { traceparent: '00-1-1-01' }), 1)).toBeDefined()
  })

  it.each([
    ['no ttl', { tools: [], cacheScope: 'public' }],
    ['ttl 0', { ...publicList, ttlMs: 0 }],
    ['negative ttl', { ...publicList, ttlMs: -1 }],
    ['input required', { ...publicList, resultType: 'input_required' }],
  ])('does not keep a result with %s', (_, result) => {
    const cache = new CatalogCache()
    cache.keep(keyFor(alice), result, false)
    expect(cache.answer(keyFor(alice), 1)).toBeUndefined()
  })

  it('forgets when a list changed', () => {
    const cache = new CatalogCache()
    cache.keep(keyFor(alice), publicList, false)
    cache.clear()
    expect(cache.answer(keyFor(alice), 1)).toBeUndefined()
  })
})
