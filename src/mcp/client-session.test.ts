import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import type { Exchange } from '../contracts/exchange.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import { createTokenSealer } from '../lib/seal-token.ts'
import { beginClientSession, describeLegacyClient, openClientSession, sealClientSession } from './client-session.ts'

const sealer = createTokenSealer(randomBytes(32))
const exchange = (subject: string, routeName = 'tracker', clientId = 'client') =>
  ({ routeName, subject: { id: subject, tenant: 'default', clientId } }) as Exchange
const initialize = (params: object, name = 'client') =>
  ({ body: { params }, clientInfo: { name, version: '1' } }) as unknown as McpMessage

it('opens for the same person, client and route, and for nobody else', () => {
  const session = beginClientSession(describeLegacyClient(initialize({ protocolVersion: '2025-11-25' })), {
    id: 'upstream-session',
    identity: 'account',
  })
  const sealed = sealClientSession(sealer, session, exchange('ada'))
  expect(openClientSession(sealer, sealed, exchange('ada'))).toEqual(session)
  for (const other of [exchange('bob'), exchange('ada', 'other'), exchange('ada', 'tracker', 'other')]) {
    expect(openClientSession(sealer, sealed, other)).toBeUndefined()
  }
  expect(openClientSession(sealer, `${sealed}A`, exchange('ada'))).toBeUndefined()
})

it('ends after a week', () => {
  const session = beginClientSession(describeLegacyClient(initialize({})), undefined)
  const sealed = sealClientSession(sealer, session, exchange('ada'))
  const weekMs = 7 * 24 * 60 * 60 * 1000
  expect(openClientSession(sealer, sealed, exchange('ada'), session.begunAtMs + weekMs - 1)).toEqual(session)
  expect(openClientSession(sealer, sealed, exchange('ada'), session.begunAtMs + weekMs)).toBeUndefined()
})

it('keeps extensions and experiments whole, or not at all', () => {
  const small = { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html'] } }, experimental: { a: {} } }
  expect(describeLegacyClient(initialize({ capabilities: small })).capabilities).toEqual(small)
  const large = { extensions: { 'com.example/x': 'x'.repeat(500) } }
  expect(describeLegacyClient(initialize({ capabilities: large })).capabilities).toEqual({})
})

it('keeps of a client what an upstream may ask it for, and stays small enough for a header', () => {
  const long = 'x'.repeat(10_000)
  const client = describeLegacyClient(
    initialize(
      {
        protocolVersion: long,
        capabilities: {
          roots: { listChanged: true, [long]: true },
          sampling: {},
          elicitation: { url: { [long]: long }, form: {} },
          tasks: { list: {} },
          [long]: {},
          experimental: { [long]: {} },
        },
      },
      long,
    ),
  )
  expect(client.capabilities).toEqual({
    roots: { listChanged: true },
    sampling: {},
    elicitation: { form: {}, url: {} },
  })
  expect(sealClientSession(sealer, beginClientSession(client, undefined), exchange('ada')).length).toBeLessThan(1000)
})
