import { expect, test } from 'vitest'
import { describeOAuthUpstream } from '../../../test/harness/upstream-oauth-client.ts'
import type { UpstreamOAuth } from '../../contracts/upstream.ts'
import { choosePrompt, chooseResource, chooseScopes } from './choose-scopes.ts'
import type { DiscoveredUpstream } from './discover-upstream.ts'

const oauthWith = (change: Parameters<typeof describeOAuthUpstream>[1]): UpstreamOAuth => {
  const { oauth } = describeOAuthUpstream('https://up.example/mcp', change)
  if (oauth === undefined) throw new Error('no settings')
  return oauth
}

function found(challengeScopes: string[], scopesSupported: string[], ofServer: string[] = []): DiscoveredUpstream {
  const server = { scopesSupported: ofServer } as unknown as DiscoveredUpstream['server']
  return { issuer: 'https://as.example', server, resource: 'https://up.example', scopesSupported, challengeScopes }
}

test.each<[string, string[], DiscoveredUpstream, string[], string[]]>([
  ['those of the operator, alone', ['x'], found(['read'], ['read', 'write'], ['offline_access']), [], ['x']],
  ['those of the challenge', [], found(['read'], ['read', 'write']), [], ['read']],
  ['all of the metadata', [], found([], ['read', 'write']), [], ['read', 'write']],
  ['none', [], found([], [], ['read', 'admin']), [], []],
  [
    'offline access where the server has it',
    [],
    found(['read'], [], ['offline_access']),
    [],
    ['read', 'offline_access'],
  ],
  ['further ones besides (step-up)', [], found(['read'], []), ['write', 'read'], ['read', 'write']],
  ['further ones besides those of the operator', ['x'], found([], []), ['y'], ['x', 'y']],
])('scopes asked for: %s', (_, scopes, upstream, further, expected) => {
  expect(chooseScopes(oauthWith({ scopes }), upstream, further)).toEqual(expected)
})

test.each<[UpstreamOAuth['prompt'], string[], string | undefined]>([
  [undefined, ['read'], undefined],
  [undefined, ['read', 'offline_access'], 'consent'],
  [false, ['offline_access'], undefined],
  ['select_account', ['offline_access'], 'select_account'],
  ['none', [], 'none'],
])('prompt %s with %j is %s', (prompt, scopes, expected) => {
  expect(choosePrompt(oauthWith({ prompt }), scopes)).toBe(expected)
})

test.each<[UpstreamOAuth['overrides']['resource'], string | undefined]>([
  ['send', 'https://up.example'],
  ['omit', undefined],
  [{ value: 'api://other' }, 'api://other'],
])('resource with override %j', (resource, expected) => {
  expect(chooseResource(oauthWith({ overrides: { resource } }), found([], []))).toBe(expected)
})
