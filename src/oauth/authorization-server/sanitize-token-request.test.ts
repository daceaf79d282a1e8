import { expect, test } from 'vitest'
import { listDirectory, makeVirtualServer } from '../../../test/harness/authorization-server.ts'
import { sanitizeTokenForm } from './sanitize-token-request.ts'

const url = 'https://gateway.example'
const directory = listDirectory([makeVirtualServer(url, 'one', 'One')])
const sanitized = (form: string) => new URLSearchParams(sanitizeTokenForm(form, directory))

test('a refresh may repeat every scope the client once asked for', () => {
  const form = sanitized('grant_type=refresh_token&refresh_token=r&scope=openid+mcp:tools+offline_access')
  expect(form.get('scope')).toBe('mcp:tools')
  expect(form.get('refresh_token')).toBe('r')
})

test('a scope of which nothing is left is not sent on', () => {
  expect(sanitized('scope=offline_access').has('scope')).toBe(false)
})

test('the resource becomes canonical', () => {
  expect(sanitized(`resource=${url}/mcp/one/`).get('resource')).toBe(`${url}/mcp/one`)
})

test('everything else passes unchanged, repeated parameters included', () => {
  expect(sanitized('code=a%2Bb&client_secret=s&code=c').getAll('code')).toEqual(['a+b', 'c'])
})

test('a client on its own behalf receives what the virtual server needs at least, and what it asks for', () => {
  const wide = { ...makeVirtualServer(url, 'wide', 'Wide'), scopes: ['mcp:tools', 'issues:write'] }
  const scopeOf = (more: string) => {
    const form = sanitizeTokenForm(
      `grant_type=client_credentials&resource=${wide.resource}${more}`,
      listDirectory([wide]),
    )
    return new URLSearchParams(form).getAll('scope')
  }
  expect(scopeOf('')).toEqual(['mcp:tools'])
  expect(scopeOf('&scope=admin')).toEqual(['mcp:tools'])
  expect(scopeOf('&scope=issues:write+admin')).toEqual(['mcp:tools issues:write'])
  expect(scopeOf('&scope=mcp:tools&scope=issues:write')).toEqual(['mcp:tools', 'issues:write'])
})
