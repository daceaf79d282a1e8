import { expect, test } from 'vitest'
import { admitsDocumentHost, type DocumentHosts } from './admit-document-host.ts'

const allow = (...cimdAllowedHosts: string[]): DocumentHosts => ({ cimdAllowedHosts })
const deny = (...cimdDeniedHosts: string[]): DocumentHosts => ({ cimdDeniedHosts })

test.each<[string, DocumentHosts]>([
  ['https://claude.ai/client', {}],
  ['https://claude.ai/client', allow('claude.ai')],
  ['https://claude.ai:8443/client', allow('Claude.AI')],
  ['https://a.b.example.com/client', allow('chatgpt.com', '*.example.com')],
  ['https://example.com/client', deny('*.example.com')],
])('%s is admitted by %j', (clientId, hosts) => {
  expect(admitsDocumentHost(clientId, hosts)).toBe(true)
})

test.each<[string, DocumentHosts]>([
  ['https://evil.example/client', allow('claude.ai')],
  ['https://claude.ai.evil.example/client', allow('claude.ai')],
  ['https://evilclaude.ai/client', allow('claude.ai', '*.claude.ai')],
  ['https://claude.ai@evil.example/client', allow('claude.ai')],
  ['https://example.com/client', allow('*.example.com')],
  ['https://claude.ai/client', allow()],
  ['https://a.example.com/client', deny('*.example.com')],
  ['https://claude.ai/client', { ...allow('claude.ai'), ...deny('claude.ai') }],
  ['no URL', {}],
])('%s is not admitted by %j', (clientId, hosts) => {
  expect(admitsDocumentHost(clientId, hosts)).toBe(false)
})
