import { expect, it } from 'vitest'
import { mcpProxyHandler } from './handler.ts'

it.each([
  'https://up.example/mcp?apiKey=secret',
  'https://user:secret@up.example/mcp',
  'https://up.example/mcp#secret',
])('the URL that is printed for %s carries no secret', (rewritePattern) => {
  expect(mcpProxyHandler.upstreamUrl(mcpProxyHandler.options.parse({ rewritePattern }))).toBe('https://up.example/mcp')
})
