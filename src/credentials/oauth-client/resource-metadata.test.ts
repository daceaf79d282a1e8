import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { covers } from './resource-metadata.ts'

test.each([
  ['https://up.example/mcp', 'https://up.example/mcp'],
  ['https://UP.example:443/mcp/', 'https://up.example/mcp'],
  ['https://up.example', 'https://up.example/v1/mcp'],
  ['https://up.example/v1', 'https://up.example/v1/mcp'],
  ['https://up.example/', 'https://up.example'],
])('%s covers %s', (resource, url) => {
  expect(covers(resource, url)).toBe(true)
})

test.each([
  ['https://up.example/v1/mcp', 'https://up.example/v1'],
  ['https://up.example/mc', 'https://up.example/mcp'],
  ['https://up.example/mcp?x', 'https://up.example/mcp'],
  ['https://up.example/mcp#x', 'https://up.example/mcp'],
  ['https://user@up.example/mcp', 'https://up.example/mcp'],
  ['http://up.example/mcp', 'https://up.example/mcp'],
  ['https://up.example:8443/mcp', 'https://up.example/mcp'],
  ['https://up.example.evil.example/mcp', 'https://up.example/mcp'],
  ['https://up.example/x/../admin', 'https://up.example/x/mcp'],
  ['urn:mcp', 'https://up.example/mcp'],
  ['/mcp', 'https://up.example/mcp'],
])('%s does not cover %s', (resource, url) => {
  expect(covers(resource, url)).toBe(false)
})

test('another host is never covered', () => {
  fc.assert(
    fc.property(fc.webUrl(), (url) => {
      expect(covers(url, 'https://up.example/mcp')).toBe(new URL(url).host === 'up.example')
    }),
  )
})
