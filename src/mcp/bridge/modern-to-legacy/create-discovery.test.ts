import { expect, it } from 'vitest'
import { createDiscovery } from './create-discovery.ts'

it('says in the words of 2026-07-28 what the upstream said when its session began', () => {
  const initialized = {
    protocolVersion: '2025-06-18',
    serverInfo: { name: 's', version: '2', title: 'S' },
    capabilities: { tools: { listChanged: true }, tasks: {} },
    instructions: 'Ask me.',
    'x-vendor': 1,
    _meta: { own: true },
  }
  expect(createDiscovery(initialized)).toEqual({
    resultType: 'complete',
    supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'],
    capabilities: { tools: { listChanged: true } },
    instructions: 'Ask me.',
    'x-vendor': 1,
    ttlMs: 60_000,
    cacheScope: 'private',
    _meta: { own: true, 'io.modelcontextprotocol/serverInfo': { name: 's', version: '2', title: 'S' } },
  })
})
