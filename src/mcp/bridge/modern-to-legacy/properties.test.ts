import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../lib/json.ts'
import { envelopeKeys } from '../../eras/2026-07-28/check-envelope.ts'
import { inputRequestOf } from './ask-client.ts'
import { completeResult } from './complete-result.ts'
import { createDiscovery } from './create-discovery.ts'
import { placeNotification } from './filter-notification.ts'
import { serverCapabilities } from './map-capabilities.ts'
import { mapError } from './map-error.ts'
import { stripEnvelope } from './strip-envelope.ts'
import { concerns, readSubscription, tag } from './subscription.ts'
import { findResponse, translateResponse } from './translate-response.ts'

// No field that both eras have is lost: whatever members a message has, known or not, they are there afterwards, as they were.

const runs = { numRuns: 500 }
const key = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '_meta',
    'name',
    'tools',
    'content',
    'structuredContent',
    'execution',
    'x-vendor',
    'error',
    'isError',
  ),
)
const object = fc.dictionary(key, fc.jsonValue({ maxDepth: 4 }), { maxKeys: 8 }) as fc.Arbitrary<JsonObject>
const meta = fc.dictionary(
  fc.oneof(key, fc.constantFrom(...envelopeKeys, 'progressToken', 'traceparent')),
  fc.jsonValue(),
)

/** Those members, as they were. */
function without(value: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)))
}

describe('whatever a message holds', () => {
  it('a request keeps all but its envelope', () => {
    fc.assert(
      fc.property(object, meta, object, (params, _meta, rest) => {
        const body = { ...rest, jsonrpc: '2.0', id: 7, method: 'tools/call', params: { ...params, _meta } }
        const sent = stripEnvelope(body, { id: 'hop', progressToken: undefined })
        expect(without(sent, 'params', 'id')).toEqual(without(body, 'params', 'id'))
        const { _meta: sentMeta = {}, ...sentParams } = sent.params as JsonObject
        expect(sentParams).toEqual(without(params, '_meta', 'inputResponses', 'requestState'))
        expect(sentMeta).toEqual(without(_meta, ...envelopeKeys, 'progressToken'))
      }),
      runs,
    )
  })

  it('a result keeps all, with what the newer revision adds', () => {
    const method = fc.constantFrom('tools/call', 'tools/list', 'resources/read', 'prompts/get', 'completion/complete')
    fc.assert(
      fc.property(method, object, (name, result) => {
        const completed = completeResult(name, result, { name: 's', version: '1' })
        const added = ['resultType', 'ttlMs', 'cacheScope', '_meta']
        const own = name === 'tools/list' ? [...added, 'tools'] : added
        expect(without(completed, ...own)).toEqual(without(result, ...own))
        expect(completed).toMatchObject({ resultType: 'complete', _meta: { 'io.modelcontextprotocol/serverInfo': {} } })
        if (typeof result._meta === 'object' && result._meta !== null && !Array.isArray(result._meta))
          expect(without(completed._meta as JsonObject, 'io.modelcontextprotocol/serverInfo')).toEqual(
            without(result._meta as JsonObject, 'io.modelcontextprotocol/serverInfo'),
          )
      }),
      runs,
    )
  })

  it('a list of tools keeps every tool that can be called, in order, and every member but the offer of tasks', () => {
    const support = fc.constantFrom('required', 'optional', 'forbidden')
    const tool = fc
      .tuple(object, fc.option(fc.record({ taskSupport: support, other: fc.integer() })))
      .map(
        ([members, execution]): JsonObject => (execution ? { ...members, execution } : without(members, 'execution')),
      )
    fc.assert(
      fc.property(fc.array(tool), (tools) => {
        const listed = completeResult('tools/list', { tools }, undefined).tools as JsonObject[]
        const callable = tools.filter(({ execution }) => (execution as JsonObject)?.taskSupport !== 'required')
        expect(listed.map((each) => without(each, 'execution'))).toEqual(
          callable.map((each) => without(each, 'execution')),
        )
        expect(listed.map(({ execution }) => (execution as JsonObject)?.other)).toEqual(
          callable.map(({ execution }) => (execution as JsonObject)?.other),
        )
      }),
      runs,
    )
  })

  it('what the upstream said of itself keeps all but the older kind of tasks', () => {
    fc.assert(
      fc.property(object, object, (initialized, capabilities) => {
        const discovery = createDiscovery({ ...initialized, capabilities, protocolVersion: '2025-11-25' })
        const added = ['resultType', 'supportedVersions', 'capabilities', 'ttlMs', 'cacheScope', 'serverInfo', '_meta']
        const given = without(initialized, ...added, 'protocolVersion')
        expect(without(discovery, ...added, 'protocolVersion')).toEqual(given)
        expect(discovery.capabilities).toEqual(serverCapabilities(capabilities))
        expect(without(serverCapabilities(capabilities), 'extensions')).toEqual(
          without(capabilities, 'tasks', 'extensions'),
        )
      }),
      runs,
    )
  })

  it('an error keeps its message, its data and codes of its own', () => {
    fc.assert(
      fc.property(object, fc.integer({ min: -33000, max: 33000 }), (error, code) => {
        const mapped = mapError({ ...error, code })
        expect(without(mapped, 'code')).toEqual(without(error, 'code'))
        const isReplaced = [-32002, -32042, -32020, -32021, -32022].includes(code)
        expect(mapped.code === code).toBe(!isReplaced)
      }),
      runs,
    )
  })

  it('a response goes to the request that it answers, and to no other', () => {
    fc.assert(
      fc.property(object, fc.oneof(fc.integer(), fc.string()), fc.integer(), (result, id, hopId) => {
        const response = { jsonrpc: '2.0', id: hopId, result }
        expect(findResponse(response, hopId)).toBe(response)
        expect(findResponse(response, hopId + 1)).toBeUndefined()
        expect(findResponse(response, String(hopId))).toBeUndefined()
        expect(translateResponse(response, 'tools/call', id, undefined).body).toMatchObject({ jsonrpc: '2.0', id })
      }),
      runs,
    )
  })

  it('a notification of the call keeps all but the token, which is that of the client', () => {
    fc.assert(
      fc.property(object, fc.oneof(fc.string(), fc.integer()), (params, token) => {
        const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: { ...params, progressToken: 5 } }
        const place = placeNotification(progress, { progressToken: token, logLevel: undefined }, 5)
        expect(place).toEqual({
          kind: 'call',
          notification: { ...progress, params: { ...params, progressToken: token } },
        })
        const foreign = placeNotification(progress, { progressToken: token, logLevel: undefined }, 6)
        expect(foreign.kind).toBe('nowhere')
        const unknown = { jsonrpc: '2.0', method: 'notifications/vendor/special', params }
        expect(placeNotification(unknown, { progressToken: undefined, logLevel: undefined }, 5)).toEqual({
          kind: 'call',
          notification: unknown,
        })
      }),
      runs,
    )
  })

  it('a question keeps all but what only older revisions know', () => {
    fc.assert(
      fc.property(object, (params) => {
        const { params: asked = {} } = inputRequestOf('sampling/createMessage', params)
        const dropped = ['elicitationId', 'task', '_meta']
        expect(without(asked as JsonObject, ...dropped)).toEqual(without(params, ...dropped))
      }),
      runs,
    )
  })

  it('a notification for listeners keeps all, with the id of the subscription', () => {
    const everything = readSubscription(
      'L1',
      { notifications: { toolsListChanged: true, resourceSubscriptions: ['test://a'] } },
      { tools: { listChanged: true }, resources: { subscribe: true } },
    )
    fc.assert(
      fc.property(object, (params) => {
        const notification = { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params }
        expect(concerns(notification, everything)).toBe(true)
        const tagged = tag(notification, everything).params as JsonObject
        expect(without(tagged, '_meta')).toEqual(without(params, '_meta'))
        expect(tagged._meta).toMatchObject({ 'io.modelcontextprotocol/subscriptionId': 'L1' })
      }),
      runs,
    )
  })
})
