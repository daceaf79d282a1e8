import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isAmbiguous } from './check-ambiguity.ts'

function judge(text: string): boolean {
  return isAmbiguous(text, JSON.parse(text))
}

it.each([
  '{"jsonrpc":"2.0","method":"tools/list","method":"tools/call"}',
  '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"allowed","name":"hidden"}}',
  '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"allowed","arguments":{"a":1,"a":2}}}',
  '{"method":"tools/call","params":{"name":"allowed","\\u006eame":"hidden"}}',
  '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"allowed","Name":"hidden"}}',
  '{"jsonrpc":"2.0","method":"tools/list","Method":"tools/call"}',
  '{"jsonrpc":"2.0","method":"x","params":{"a":[{"b":{"c":1}},{"b":{"c":1,"c":":"}}]}}',
  '{"jsonrpc":"2.0","method":"x","params":{"__proto__":1,"__proto__":{}}}',
  // Readers that ignore case also take the long s for an s.
  '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"allowed"},"param\u017f":{"name":"hidden"}}',
  '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"allowed","argument\u017f":{"a":1}}}',
])('sees that parsers could differ about %s', (text) => {
  expect(judge(text)).toBe(true)
})

it.each([
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"Name":"x","name":"y"}}}',
  '{ "jsonrpc": "2.0", "id": 1, "method": "ping" }',
  '{"id":12345678901234567890,"method":"x"}',
  '{"method":"x:y", "params":{"a\\":b":"\\\\","__proto__":{"c":1},"2":[[],{}],"1":null}}',
  '{"method":"x","params":{"a":{"k":1},"b":{"k":1},"c":[{"k":1},{"k":1}]}}',
])('passes %s', (text) => {
  expect(judge(text)).toBe(false)
})

it('passes whatever JSON.stringify makes, however it is indented', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(4), (params, indent) => {
      const text = JSON.stringify(
        { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { arguments: params } },
        null,
        indent,
      )
      expect(judge(text)).toBe(false)
    }),
  )
})
