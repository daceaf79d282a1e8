import { expect, it } from 'vitest'
import { initializeResult } from './initialize-result.ts'

const discovered = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities: {
    tools: { listChanged: true },
    resources: { subscribe: true, listChanged: true, more: 1 },
    logging: {},
    extensions: { 'io.modelcontextprotocol/ui': {}, 'io.modelcontextprotocol/tasks': {} },
    experimental: { a: { b: 1 } },
  },
  instructions: 'Be kind.',
  ttlMs: 1000,
  cacheScope: 'public',
  _meta: { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '1', title: 'S' }, 'com.example/a': 1 },
}

it('says what the upstream said of itself, in the words of the older revisions', () => {
  expect(initializeResult(discovered, '2025-06-18', true)).toEqual({
    protocolVersion: '2025-06-18',
    capabilities: { ...discovered.capabilities, extensions: { 'io.modelcontextprotocol/ui': {} } },
    serverInfo: { name: 's', version: '1', title: 'S' },
    instructions: 'Be kind.',
    _meta: { 'com.example/a': 1 },
  })
})

it('promises nothing that would arrive on a stream that is not there', () => {
  const { capabilities } = initializeResult(discovered, '2025-11-25', false) as { capabilities: object }
  expect(capabilities).toMatchObject({ tools: {}, resources: { more: 1 }, logging: {} })
  expect(JSON.stringify(capabilities)).not.toMatch(/listChanged|subscribe/)
})

it.each([
  ['2025-03-26', '2025-03-26'],
  ['2026-07-28', '2025-11-25'],
  ['1999-01-01', '2025-11-25'],
  [undefined, '2025-11-25'],
])('a client that asks for %s gets %s', (requested, agreed) => {
  expect(initializeResult(discovered, requested, true)['protocolVersion']).toBe(agreed)
})

it('an upstream that does not name itself has a server info all the same: clients require it', () => {
  expect(initializeResult({}, undefined, true)).toMatchObject({
    capabilities: {},
    serverInfo: { name: expect.any(String) as string, version: expect.any(String) as string },
  })
})
