import { describe, expect, test } from 'vitest'
import { checkRedirectUri, describeRedirect, formActionSource, isLocalRedirect } from './redirect-uris.ts'

describe('checkRedirectUri', () => {
  test.each([
    'https://claude.ai/api/mcp/auth_callback',
    'https://vscode.dev/redirect',
    'http://127.0.0.1/',
    'http://127.0.0.1:33418/',
    'http://localhost:8090/callback?x=1',
    'http://[::1]:5000/cb',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'com.example.app:/callback',
    'https://xn--bcher-kva.example/cb',
    'https://bücher.example/cb',
    'https://[2606:2800:21f::1]:8443/cb',
  ])('accepts %s', (uri) => {
    expect(checkRedirectUri(uri)).toBeUndefined()
  })

  test.each([
    'javascript:alert(1)',
    'JavaScript://x/%0aalert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://x/1',
    'http://evil.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'http://localhost.evil.example/cb',
    'https://user:pass@example.com/cb',
    'http://127.0.0.1@evil.example/cb',
    'https://example.com/cb#fragment',
    'https://example.com/cb#',
    'https://localhost/cb',
    'https://example.com\\@evil.example/',
    'https://exa mple.com/',
    ' https://example.com/',
    'https://*/cb',
    'https://evil.example;sandbox/cb',
    "https://'unsafe-inline'/cb",
    'shell:startup',
    'feed:javascript:alert(1)',
    'smb://evil.example/share/cb',
    'ssh://evil.example/cb',
    'ldap://evil.example/cb',
    'ms-settings://cb',
    'ms-word:ofe|u|https://evil.example/x',
    '/callback',
    '',
    42,
    `https://example.com/${'a'.repeat(2100)}`,
  ])('refuses %s', (uri) => {
    expect(checkRedirectUri(uri)).toBeTypeOf('string')
  })
})

test('describeRedirect names who receives the answer', () => {
  expect(describeRedirect('https://claude.ai/api/cb')).toBe('claude.ai')
  expect(describeRedirect('http://127.0.0.1:53122/callback')).toBe('127.0.0.1:53122')
  expect(describeRedirect('cursor://anysphere.cursor-mcp/cb')).toBe('cursor://anysphere.cursor-mcp')
})

test('the operator says which applications may register, and a scheme that runs code is never one of them', () => {
  expect(checkRedirectUri('cursor://anysphere.cursor-mcp/cb', ['cursor'])).toBeUndefined()
  expect(checkRedirectUri('CURSOR://anysphere.cursor-mcp/cb', ['cursor'])).toBeUndefined()
  expect(checkRedirectUri('vscode://x/cb', ['cursor'])).toBe('must not use the vscode: scheme')
  expect(checkRedirectUri('cursor://x/cb', [])).toBe('must not use the cursor: scheme')
  expect(checkRedirectUri('javascript:/x', ['javascript'])).toBe('must not use the javascript: scheme')
  expect(checkRedirectUri('https://claude.ai/cb', [])).toBeUndefined()
  expect(checkRedirectUri('http://127.0.0.1/cb', [])).toBeUndefined()
})

test('isLocalRedirect is true for loopback http only', () => {
  expect(isLocalRedirect('http://localhost:1/cb')).toBe(true)
  expect(isLocalRedirect('https://claude.ai/cb')).toBe(false)
  expect(isLocalRedirect('cursor://x/cb')).toBe(false)
})

test('formActionSource is a valid CSP source', () => {
  expect(formActionSource('http://127.0.0.1:53122/callback')).toBe('http://127.0.0.1:53122')
  expect(formActionSource('https://claude.ai/a;b c')).toBe('https://claude.ai')
  expect(formActionSource('cursor://anysphere.cursor-mcp/cb')).toBe('cursor:')
  expect(formActionSource('http://[::1]:5000/cb')).toBe('http:')
})
