import { describe, expect, test } from 'vitest'
import { listDirectory, makeVirtualServer } from '../../../test/harness/authorization-server.ts'
import { sanitizeAuthorizeQuery } from './sanitize-authorize-request.ts'

const url = 'https://gateway.example'
const both = listDirectory([makeVirtualServer(url, 'one', 'One'), makeVirtualServer(url, 'two', 'Two')])

function sanitized(query: { [name: string]: string } | string): URLSearchParams {
  return new URLSearchParams(sanitizeAuthorizeQuery(`?${new URLSearchParams(query).toString()}`, both))
}

describe('sanitizeAuthorizeQuery', () => {
  test('keeps scopes it knows and drops the others, offline_access among them', () => {
    expect(sanitized({ scope: 'openid mcp:tools offline_access email' }).get('scope')).toBe('mcp:tools')
  })

  test('asks for what the virtual server needs at least when no known scope is left', () => {
    expect(sanitized({}).get('scope')).toBe('mcp:tools')
    expect(sanitized({ scope: 'openid email' }).get('scope')).toBe('mcp:tools')
  })

  test('adds scopes of tools only when they are asked for, and never those of another virtual server', () => {
    const one = { ...makeVirtualServer(url, 'one', 'One'), baseScopes: ['one'], scopes: ['one', 'one:write'] }
    const directory = listDirectory([one, makeVirtualServer(url, 'two', 'Two')])
    const scopeFor = (scope: string) => {
      const query = new URLSearchParams({ resource: one.resource, scope })
      return new URLSearchParams(sanitizeAuthorizeQuery(`?${query.toString()}`, directory)).get('scope')
    }
    expect(scopeFor('')).toBe('one')
    expect(scopeFor('one')).toBe('one')
    expect(scopeFor('mcp:tools')).toBe('one')
    expect(scopeFor('one:write mcp:tools one:write')).toBe('one one:write')
  })

  test('tolerates prompt words of other servers', () => {
    expect(sanitized({ prompt: 'consent select_account' }).get('prompt')).toBe('consent')
    expect(sanitized({ prompt: 'select_account' }).has('prompt')).toBe(false)
    expect(sanitized({ prompt: 'none' }).get('prompt')).toBe('none')
    expect(sanitized({ prompt: 'none consent' }).get('prompt')).toBe('consent')
  })

  test('makes the resource canonical and leaves an unknown one as it is', () => {
    expect(sanitized({ resource: `${url}/mcp/one/` }).getAll('resource')).toEqual([`${url}/mcp/one`])
    expect(sanitized({ resource: 'HTTPS://GATEWAY.example:443/mcp/two' }).get('resource')).toBe(`${url}/mcp/two`)
    expect(sanitized({ resource: 'https://elsewhere.example/' }).get('resource')).toBe('https://elsewhere.example/')
  })

  test('merges the same resource said twice and keeps two different ones', () => {
    expect(sanitized(`resource=${url}/mcp/one&resource=${url}/mcp/one/`).getAll('resource')).toEqual([`${url}/mcp/one`])
    expect(sanitized(`resource=${url}/mcp/one&resource=${url}/mcp/two`).getAll('resource')).toHaveLength(2)
  })

  test('leaves repeated parameters repeated, so that they are refused', () => {
    expect(sanitized('redirect_uri=http://a/&redirect_uri=http://b/').getAll('redirect_uri')).toHaveLength(2)
    expect(sanitized('scope=a&scope=b').getAll('scope')).toHaveLength(2)
    expect(sanitized('state=a&state=b').getAll('state')).toHaveLength(2)
  })

  test('drops parameters that only OpenID requests may carry', () => {
    const query = sanitized({
      nonce: 'n',
      claims: '{}',
      max_age: '1',
      id_token_hint: 'x',
      acr_values: 'y',
      response_mode: 'fragment',
    })
    expect([...query.keys()]).toEqual(['scope'])
  })

  test('keeps state exactly', () => {
    expect(sanitized({ state: 'a b+c/%41=&?' }).get('state')).toBe('a b+c/%41=&?')
  })
})
