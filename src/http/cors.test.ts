import { describe, expect, test } from 'vitest'
import { corsHeaders, createOriginMatcher, type OriginRules, preflightHeaders } from './cors.ts'

describe('createOriginMatcher', () => {
  const matches = createOriginMatcher(['https://app.example', 'https://*.example.com'], false)

  test.each(['https://app.example', 'https://APP.example', 'https://a.example.com'])('%s may call', (origin) => {
    expect(matches(origin)).toBe(true)
  })

  test.each([
    'http://app.example',
    'https://app.example:8443',
    'https://app.example.evil.example',
    'https://example.com',
    'https://a.b.example.com',
    'https://evil.example/.example.com',
    'https://evilexample.com',
    'http://localhost:6274',
    'null',
    '',
  ])('%j may not', (origin) => {
    expect(matches(origin)).toBe(false)
  })

  test('`*` lets everybody in, null included', () => {
    expect(createOriginMatcher(['*'], false)('null')).toBe(true)
  })

  test('pages of this machine, on any port, only where that is asked for', () => {
    const local = createOriginMatcher([], true)
    expect(['http://localhost:6274', 'http://127.0.0.1:1', 'http://[::1]:80'].filter(local)).toHaveLength(3)
    expect(['https://localhost', 'http://localhost.evil.example', 'http://10.0.0.1', 'null'].filter(local)).toEqual([])
  })
})

const rules: OriginRules = {
  isAllowed: () => true,
  allowCredentials: false,
  maxAgeSeconds: 600,
  allowedMethods: 'POST',
  allowedHeaders: undefined,
  exposeHeaders: 'WWW-Authenticate',
}

function toObject(headers: readonly string[]): { [name: string]: string | undefined } {
  return Object.fromEntries(
    headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]] as const] : [])),
  )
}

test('an answer names its one origin, and caches keep answers to others apart', () => {
  const headers = toObject(corsHeaders(rules, 'https://app.example'))
  expect(headers).toEqual({
    'access-control-allow-origin': 'https://app.example',
    vary: 'Origin',
    'access-control-expose-headers': 'WWW-Authenticate',
  })
  expect(corsHeaders({ ...rules, allowCredentials: true }, 'https://app.example')).toContain(
    'access-control-allow-credentials',
  )
})

test('a preflight allows what it asks for, unless the rules say what', () => {
  const asked = { 'access-control-request-headers': 'mcp-param-x' }
  const allowed = (of: OriginRules) => toObject(preflightHeaders(of, 'https://a.example', asked))
  expect(allowed(rules)['access-control-allow-headers']).toBe('mcp-param-x')
  expect(allowed({ ...rules, allowedHeaders: 'Accept' })['access-control-allow-headers']).toBe('Accept')
})
