import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isJsonObject } from '../../../lib/json.ts'
import { legacyError } from './legacy-error.ts'
import { legacyNotification } from './legacy-notification.ts'
import { legacyResult } from './legacy-result.ts'
import { addEnvelope } from './modern-request.ts'

/** What the bridge may take away or write itself; everything else must arrive as it was sent. */
const modernMembers = ['resultType', 'ttlMs', 'cacheScope']
const ownMeta = (name: string) => name.startsWith('io.modelcontextprotocol/') || name === 'progressToken'

const json = fc.jsonValue({ maxDepth: 3 })
const object = fc.dictionary(fc.string(), json, { maxKeys: 6 })
const meta = fc.dictionary(
  fc.oneof(fc.string(), fc.constantFrom('io.modelcontextprotocol/serverInfo', 'com.example/a', 'progressToken')),
  json,
  { maxKeys: 4 },
)
const method = fc.constantFrom('tools/list', 'tools/call', 'prompts/get', 'resources/read', 'skills/list')
const clone = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value
const runs = { numRuns: 2000 }

it('no member of a result is lost that both eras have', () => {
  const result = fc.record(
    {
      resultType: fc.constant('complete'),
      ttlMs: fc.nat(),
      cacheScope: fc.constantFrom('public', 'private'),
      content: fc.array(object, { maxLength: 3 }),
      structuredContent: json,
      tools: fc.array(fc.record({ name: fc.string(), outputSchema: json, _meta: object }, { requiredKeys: ['name'] }), {
        maxLength: 3,
      }),
      _meta: meta,
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(object, result, method, fc.boolean(), (extra, known, called, wraps) => {
      const sent = clone({ ...extra, ...known }) as { [name: string]: unknown }
      const received = legacyResult(sent, called, wraps)
      for (const [name, value] of Object.entries(sent)) {
        if (modernMembers.includes(name)) expect(Object.hasOwn(received, name)).toBe(false)
        else if (name === '_meta' && isJsonObject(value)) expectMeta(received['_meta'], value)
        else if (name === 'tools' && called === 'tools/list') expectTools(received['tools'], value as object[])
        else if (name === 'structuredContent' && called === 'tools/call') {
          expect([value, { result: value }]).toContainEqual(received[name])
          expect(isJsonObject(received[name])).toBe(true)
        } else if (name === 'content' && called === 'tools/call') {
          expect((received[name] as unknown[]).slice(0, (value as unknown[]).length)).toEqual(value)
        } else expect(received[name]).toEqual(value)
      }
    }),
    runs,
  )
})

function expectMeta(received: unknown, sent: { readonly [name: string]: unknown }): void {
  for (const [name, value] of Object.entries(sent)) {
    if (name === 'io.modelcontextprotocol/serverInfo') continue
    expect((received as { [name: string]: unknown })[name]).toEqual(value)
  }
}

function expectTools(received: unknown, sent: readonly object[]): void {
  expect(received).toHaveLength(sent.length)
  for (const [index, tool] of sent.entries()) {
    const { outputSchema: _, ...others } = tool as { outputSchema?: unknown }
    expect((received as object[])[index]).toMatchObject(others)
  }
}

it('no parameter is lost on the way to the upstream', () => {
  const client = { protocolVersion: undefined, clientInfo: { name: 'c', version: '1' }, capabilities: {} }
  const envelope = { client, capabilities: {}, logLevel: 'info', progressToken: 'ours' }
  fc.assert(
    fc.property(object, fc.option(meta, { nil: undefined }), (params, _meta) => {
      const sent = clone({ ...params, ...(_meta && { _meta }) }) as { [name: string]: unknown }
      const received = addEnvelope(sent, envelope)
      for (const [name, value] of Object.entries(sent)) {
        if (name === 'task') continue
        if (name !== '_meta') expect(received[name]).toEqual(value)
        else if (isJsonObject(value)) {
          const others = Object.fromEntries(Object.entries(value).filter(([key]) => !ownMeta(key)))
          expect(received['_meta']).toMatchObject(others)
        }
      }
    }),
    runs,
  )
})

it('errors and notifications keep what they carry', () => {
  fc.assert(
    fc.property(object, method, fc.integer({ min: -32019, max: 40_000 }), (extra, called, code) => {
      const error = { ...clone(extra), code, message: 'm' }
      expect(legacyError(error, called)).toEqual({ error })
      const notification = { ...clone(extra), jsonrpc: '2.0', method: 'notifications/message' }
      expect(legacyNotification(notification, undefined, 'ours')).toEqual(notification)
    }),
    runs,
  )
})
