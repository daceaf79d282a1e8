import { isDeepStrictEqual } from 'node:util'
import { test } from 'vitest'
import { isJsonObject, type JsonObject } from '../../src/lib/json.ts'
import { legacyError } from '../../src/mcp/bridge/legacy-to-modern/legacy-error.ts'
import { legacyNotification, sessionNotification } from '../../src/mcp/bridge/legacy-to-modern/legacy-notification.ts'
import { legacyResult } from '../../src/mcp/bridge/legacy-to-modern/legacy-result.ts'
import { addEnvelope } from '../../src/mcp/bridge/legacy-to-modern/modern-request.ts'
import { indexTools } from '../../src/mcp/bridge/legacy-to-modern/tool-index.ts'
import { completeResult } from '../../src/mcp/bridge/modern-to-legacy/complete-result.ts'
import { createDiscovery } from '../../src/mcp/bridge/modern-to-legacy/create-discovery.ts'
import { placeNotification } from '../../src/mcp/bridge/modern-to-legacy/filter-notification.ts'
import { stripEnvelope } from '../../src/mcp/bridge/modern-to-legacy/strip-envelope.ts'
import { translateResponse } from '../../src/mcp/bridge/modern-to-legacy/translate-response.ts'
import { createDice, mutateJson } from './mutate.ts'
import { clientMessages, results, serverMessages } from './recorded-traffic.ts'
import { tryInputs } from './runs.ts'

const donors = [...clientMessages, ...serverMessages, ...results.map(({ result }) => result)]
const serverInfo = { name: 's', version: '1' }

/** Members that only one era has, or that the bridge sets itself. Every other member must come through as it is. */
const eraMembers = new Set(
  'resultType ttlMs cacheScope _meta tools structuredContent content task inputResponses requestState inputRequests'.split(
    ' ',
  ),
)

function checkKept(before: JsonObject, after: JsonObject): void {
  for (const [name, value] of Object.entries(before)) {
    if (eraMembers.has(name) || isDeepStrictEqual(after[name], value)) continue
    throw new Error(`${name} was ${JSON.stringify(value)} and is ${JSON.stringify(after[name])}`)
  }
}

test('no result loses a member that both eras have, and none makes the bridge throw', () => {
  tryInputs(0.2, (seed) => {
    const dice = createDice(seed)
    const { method, result } = dice.pick(results)
    const mutated = mutateJson(result, dice, donors)
    if (!isJsonObject(mutated)) return
    checkKept(mutated, completeResult(method, structuredClone(mutated), serverInfo))
    checkKept(mutated, legacyResult(structuredClone(mutated), method, dice.roll(2) === 0))
    indexTools(mutated)
    createDiscovery(mutated)
  })
})

test('no request loses a member that both eras have', () => {
  tryInputs(0.1, (seed) => {
    const dice = createDice(seed)
    const mutated = mutateJson(dice.pick(clientMessages), dice, donors)
    if (!isJsonObject(mutated)) return
    const params = isJsonObject(mutated.params) ? mutated.params : undefined
    const stripped = stripEnvelope(mutated, { id: 'g1', progressToken: undefined })
    if (params !== undefined) checkKept(params, stripped.params as JsonObject)
    const client = { protocolVersion: '2025-11-25', clientInfo: { name: 'c', version: '1' }, capabilities: {} }
    const enveloped = addEnvelope(params, { client, capabilities: {}, logLevel: undefined, progressToken: 'g' })
    if (params !== undefined) checkKept(params, enveloped)
  })
})

test('whatever an upstream sends besides, the bridge has a place for it', () => {
  tryInputs(0.1, (seed) => {
    const dice = createDice(seed)
    const mutated = mutateJson(dice.pick(serverMessages), dice, donors)
    if (!isJsonObject(mutated)) return
    translateResponse(mutated, 'tools/call', 1, serverInfo)
    placeNotification(mutated, { progressToken: 'p1', logLevel: 'info' }, 'p1')
    legacyNotification(mutated, 'p1', 'p1')
    sessionNotification(mutated)
    if (isJsonObject(mutated.error)) legacyError(mutated.error, dice.pick(['tools/call', 'resources/read']))
  })
})
