import {
  array,
  constantFrom,
  dictionary,
  jsonValue,
  oneof,
  property,
  record,
  string,
  assert as verify,
} from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DefinitionList } from '../../contracts/pinned-definitions.ts'
import type { JsonObject } from '../../lib/json.ts'
import { legacyResult } from '../bridge/legacy-to-modern/legacy-result.ts'
import { completeResult } from '../bridge/modern-to-legacy/complete-result.ts'
import { entriesOf, hashDefinition, listOfMethod } from './hash-definition.ts'

// A pin is of what the upstream says; over which bridge a client hears it must make no difference.

const schemas = oneof(
  record({ type: constantFrom('object', 'number', 'array', 'string'), properties: dictionary(string(), jsonValue()) }),
  record({ $ref: constantFrom('#', '#/$defs/a', 'other.json') }),
  record(
    { $schema: string(), $defs: dictionary(string(), jsonValue()), anyOf: array(jsonValue()) },
    { requiredKeys: [] },
  ),
)
const entries = record(
  {
    name: string(),
    description: string(),
    inputSchema: record({ type: constantFrom('object') }),
    outputSchema: schemas,
    execution: record({ taskSupport: constantFrom('optional', 'forbidden') }),
    annotations: dictionary(string(), jsonValue()),
    _meta: dictionary(string(), jsonValue()),
  },
  { requiredKeys: ['name', 'inputSchema'] },
)

const hashesOf = (list: DefinitionList, result: JsonObject) =>
  entriesOf(list, result).map((entry) => hashDefinition(list, entry as JsonObject))

describe.each([...listOfMethod].filter(([, list]) => list !== 'instructions'))('%s', (method, list) => {
  it('of 2026-07-28 has the same hashes for clients of older revisions', () => {
    verify(
      property(array(entries), (listed) => {
        const result = { [list]: listed, resultType: 'complete', ttlMs: 0, cacheScope: 'public' } as JsonObject
        const shown = legacyResult(result, method, false)
        // What must not be offered to them at all is another matter.
        expect(hashesOf(list, shown)).toHaveLength(listed.length)
        expect(hashesOf(list, shown)).toEqual(hashesOf(list, result))
      }),
    )
  })

  it('of an older revision has the same hashes for clients of 2026-07-28', () => {
    verify(
      property(array(entries), (listed) => {
        const result = { [list]: listed } as JsonObject
        expect(hashesOf(list, completeResult(method, result, { name: 's', version: '1' }))).toEqual(
          hashesOf(list, result),
        )
      }),
    )
  })
})

it('another output is another hash', () => {
  const tool = (outputSchema?: JsonObject) =>
    hashDefinition('tools', { name: 'a', ...(outputSchema && { outputSchema }) })
  const hashes = [tool(), tool({ type: 'number' }), tool({ type: 'integer' }), tool({ type: 'object' })]
  expect(new Set(hashes).size).toBe(4)
})
