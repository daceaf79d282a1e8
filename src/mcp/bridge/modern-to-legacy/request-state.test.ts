import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Exchange } from '../../../contracts/exchange.ts'
import type { McpMessage } from '../../../contracts/mcp.ts'
import type { JsonObject } from '../../../lib/json.ts'
import { createTokenSealer } from '../../../lib/seal-token.ts'
import { openRequestState, sealRequestState } from './request-state.ts'

const sealer = createTokenSealer(randomBytes(32))
const call = (params: JsonObject, method = 'tools/call') => ({ method, body: { params } }) as unknown as McpMessage
const by = (subject: object, routeName = 'r', tenant = 'default') =>
  ({ routeName, tenant, subject }) as unknown as Exchange
const ada = { id: 'ada', clientId: 'c' }
const state = { parked: 'p', expiresAtMs: 1 }
const params = { name: 't', arguments: { a: 1, b: { c: [1, 2] } } }

describe('requestState', () => {
  const sealed = sealRequestState(sealer, state, call(params), by(ada))

  it.each([
    ['the same call', call(params), by(ada), true],
    [
      'with answers and another envelope',
      call({ ...params, requestState: sealed, inputResponses: {}, _meta: {} }),
      by(ada),
      true,
    ],
    ['members in another order', call({ arguments: { b: { c: [1, 2] }, a: 1 }, name: 't' }), by(ada), true],
    ['another person', call(params), by({ ...ada, id: 'eve' }), false],
    ['another client', call(params), by({ ...ada, clientId: 'd' }), false],
    ['another route', call(params), by(ada, 's'), false],
    ['another tenant', call(params), by(ada, 'r', 'globex'), false],
    ['another method', call(params, 'prompts/get'), by(ada), false],
    ['another tool', call({ ...params, name: 'u' }), by(ada), false],
    ['a list in another order', call({ ...params, arguments: { a: 1, b: { c: [2, 1] } } }), by(ada), false],
    ['one more argument', call({ ...params, arguments: { ...params.arguments, d: 1 } }), by(ada), false],
    ['a number as text', call({ ...params, arguments: { ...params.arguments, a: '1' } }), by(ada), false],
  ])('for %s', (_, message, exchange, opens) => {
    expect(openRequestState(sealer, sealed, message, exchange)).toEqual(opens ? state : undefined)
  })

  it('opens for the very arguments it was made for, whatever they are, and for no others', () => {
    const argument = fc.jsonValue({ maxDepth: 4 })
    fc.assert(
      fc.property(argument, argument, (made, other) => {
        const own = sealRequestState(sealer, state, call({ name: 't', arguments: made }), by(ada))
        const open = (value: unknown) =>
          openRequestState(sealer, own, call({ name: 't', arguments: value }), by(ada)) !== undefined
        expect(open(made)).toBe(true)
        const isSame = JSON.stringify(sorted(made)) === JSON.stringify(sorted(other))
        expect(open(other)).toBe(isSame)
      }),
      {
        numRuns: 1000,
        examples: [
          [{}, []],
          [{ a: 1 }, [['a', 1]]],
        ],
      },
    )
  })
})

/** Members in one order, told apart from lists. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return { list: value.map(sorted) }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, each]) => [key, sorted(each)] as const)
  return { object: entries.sort(([left], [right]) => (left < right ? -1 : 1)) }
}
