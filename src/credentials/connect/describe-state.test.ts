import { expect, test } from 'vitest'
import { makeUpstream } from '../../../test/harness/connection-pages.ts'
import { describeOAuthUpstream } from '../../../test/harness/upstream-oauth-client.ts'
import { describeState } from './describe-state.ts'

const url = 'https://linear.example/mcp'
const record = { state: 'connected', kind: 'oauth', issuer: 'https://as.example', resource: url } as const

test.each([
  ['as it was made', describeOAuthUpstream(url), record, 'connected'],
  ['that needs consent', describeOAuthUpstream(url), { ...record, state: 'reconsent_required' }, 'reconsent_required'],
  ['of an upstream that moved', describeOAuthUpstream('https://other.example/mcp'), record, 'reconsent_required'],
  [
    'by way of another server than is wanted now',
    describeOAuthUpstream(url, { authorizationServer: 'https://next.example' }),
    record,
    'reconsent_required',
  ],
  [
    'by way of the same server, written with a slash',
    describeOAuthUpstream(url, { authorizationServer: 'https://as.example/' }),
    record,
    'connected',
  ],
  [
    'for the resource that the operator wants',
    describeOAuthUpstream(url, { overrides: { resource: { value: 'api://x' } } }),
    { ...record, resource: 'api://x' },
    'connected',
  ],
  [
    'without a resource',
    describeOAuthUpstream(url, { overrides: { resource: 'omit' } }),
    { ...record, resource: undefined },
    'connected',
  ],
  [
    'of a key where people sign in now',
    makeUpstream('a', 'user-oauth'),
    { ...record, kind: 'api-key' },
    'connect_required',
  ],
  ['of a sign-in where keys are stored now', makeUpstream('a', 'user-api-key'), record, 'connect_required'],
  [
    'of everybody that moved',
    { ...describeOAuthUpstream('https://other.example/mcp'), mode: 'shared-oauth' },
    record,
    'admin_connect_required',
  ],
] as const)('a connection %s', (_, upstream, listed, state) => {
  expect(describeState(upstream, listed)).toBe(state)
})
