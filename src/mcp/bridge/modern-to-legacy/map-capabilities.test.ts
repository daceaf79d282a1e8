import { describe, expect, it } from 'vitest'
import { canAnswer, clientCapabilities, elicits, serverCapabilities } from './map-capabilities.ts'

describe('capabilities', () => {
  const extensions = { 'io.modelcontextprotocol/tasks': {}, 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html'] } }
  const kept = { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html'] } }

  it('of an upstream lose the tasks that only older clients can use', () => {
    const offered = { tasks: { list: {} }, tools: { listChanged: true }, logging: {}, 'x-vendor': 1, extensions }
    expect(serverCapabilities(offered)).toEqual({
      tools: { listChanged: true },
      logging: {},
      'x-vendor': 1,
      extensions: kept,
    })
  })

  it('of a client are declared as they are, without tasks', () => {
    const declared = {
      elicitation: { url: {} },
      sampling: { tools: {} },
      roots: {},
      experimental: { x: 1 },
      extensions,
    }
    expect(clientCapabilities(declared)).toEqual({ ...declared, extensions: kept })
  })
})

it.each([
  [{}, 'form', false],
  [{ elicitation: {} }, 'form', true],
  [{ elicitation: {} }, 'url', false],
  [{ elicitation: { url: {} } }, 'form', false],
  [{ elicitation: { url: {} } }, 'url', true],
  [{ elicitation: { form: {}, url: {} } }, 'form', true],
] as const)('%j elicits by %s: %s', (capabilities, mode, expected) => {
  expect(elicits(capabilities, mode)).toBe(expected)
  expect(canAnswer(capabilities, 'elicitation/create', { mode })).toBe(expected)
})

it.each([
  ['sampling/createMessage', { sampling: {} }, true],
  ['sampling/createMessage', { roots: {} }, false],
  ['roots/list', { roots: {} }, true],
  ['roots/list', {}, false],
  ['tools/call', { elicitation: {}, sampling: {}, roots: {} }, false],
])('a request %s of a client with %j is answered: %s', (method, capabilities, expected) => {
  expect(canAnswer(capabilities, method, {})).toBe(expected)
})
