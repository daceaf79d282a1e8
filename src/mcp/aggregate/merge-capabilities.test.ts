import { expect, it } from 'vitest'
import { joinInstructions, mergeCapabilities } from './merge-capabilities.ts'

it('has what any member has, without what could not be delivered', () => {
  const handshakes = [
    {
      member: 'a',
      announces: false,
      result: { capabilities: { tools: { listChanged: true }, logging: {}, extensions: { 'x/a': { on: 1 } } } },
    },
    {
      member: 'b',
      announces: true,
      result: {
        capabilities: { resources: { subscribe: true, listChanged: false }, tasks: {}, extensions: { 'x/b': {} } },
      },
    },
    { member: 'c', announces: true, result: { capabilities: 'nonsense' } },
  ]
  expect(mergeCapabilities(handshakes, 'legacy')).toEqual({
    tools: {},
    logging: {},
    resources: { subscribe: true, listChanged: false },
    extensions: { 'x/a': { on: 1 }, 'x/b': {} },
  })
  expect(mergeCapabilities(handshakes, 'modern')).toMatchObject({
    tools: { listChanged: true },
    resources: { subscribe: true },
  })
  expect(mergeCapabilities([], 'modern')).toEqual({ tools: {} })
})

it('joins instructions under the names of the members, each and all of bounded length', () => {
  expect(joinInstructions([{ member: 'a', result: {} }])).toBeUndefined()
  const two = [
    { member: 'a', result: { instructions: ' Be kind. ' } },
    { member: 'b', result: { instructions: 'x'.repeat(5000) } },
  ]
  expect(joinInstructions(two)).toMatch(/^# a\n\nBe kind\.\n\n# b\n\nx{1999}…$/)
  const many = Array.from({ length: 50 }, (_, index) => ({
    member: `m${index}`,
    result: { instructions: 'y'.repeat(5000) },
  }))
  expect(joinInstructions(many)).toHaveLength(16_000)
})
