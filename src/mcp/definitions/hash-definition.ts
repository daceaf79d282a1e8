import type { CapabilityType } from '../../contracts/mcp.ts'
import type { DefinitionList } from '../../contracts/pinned-definitions.ts'
import { canonicalJson, sortMembers } from '../../lib/canonical-json.ts'
import { sha256 } from '../../lib/hash.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { describesObject, wrapSchema } from '../bridge/legacy-to-modern/output-schema.ts'

/** What is defined, by the method that returns it. */
export const listOfMethod: ReadonlyMap<string, DefinitionList> = new Map([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
  ['initialize', 'instructions'],
  ['server/discover', 'instructions'],
])

/** The member by which an entry of each list is known. */
export const keyOfList = {
  tools: 'name',
  prompts: 'name',
  resources: 'uri',
  resourceTemplates: 'uriTemplate',
  instructions: 'name',
} as const

/** The capability type that events use for the entries of a list. */
export const typeOfList: { readonly [List in DefinitionList]: CapabilityType | null } = {
  tools: 'tool',
  prompts: 'prompt',
  resources: 'resource',
  resourceTemplates: 'resource',
  instructions: null,
}

/** The entries that a result defines: those of its list; of a handshake, the instructions as the only one. */
export function entriesOf(list: DefinitionList, result: JsonObject): readonly unknown[] {
  const member = Object.hasOwn(result, list) ? result[list] : undefined
  if (list !== 'instructions') return Array.isArray(member) ? (member as unknown[]) : []
  return member === undefined ? [] : [{ name: 'instructions', text: member }]
}

/**
 * SHA-256 over the canonical definition: every member counts, also those that no specification knows, and their order does not. Not
 * counted are size and time of the last change of resources, which say something of the content, and `execution` of tools, which
 * servers of both eras send in one of them only. Output that is no object counts as older revisions show it, so that a tool has one hash,
 * whoever lists it and whichever era its upstream speaks.
 */
export function hashDefinition(list: DefinitionList, definition: JsonObject): string {
  return sha256(canonicalJson(definingMembers(list, definition)))
}

function definingMembers(list: DefinitionList, definition: JsonObject): JsonObject {
  if (list === 'tools') {
    const { execution: _, ...others } = definition
    const { outputSchema } = others
    return outputSchema === undefined || describesObject(outputSchema)
      ? others
      : { ...others, outputSchema: wrapSchema(outputSchema) }
  }
  if (list !== 'resources') return definition
  const { size: _, annotations, ...others } = definition
  if (!isJsonObject(annotations)) return annotations === undefined ? others : { ...others, annotations }
  const { lastModified: __, ...kept } = annotations
  return Object.keys(kept).length > 0 ? { ...others, annotations: kept } : others
}

const longestDataUri = 200

/** The definition as it stands in the file of pins: in canonical order, without the bytes of pictures. Another picture is another hash. */
export function describeDefinition(list: DefinitionList, definition: JsonObject): JsonObject {
  return shortenPictures(sortMembers(definingMembers(list, definition))) as JsonObject
}

function shortenPictures(value: unknown): unknown {
  if (typeof value === 'string' && value.length > longestDataUri && value.startsWith('data:'))
    return `${value.slice(0, 40)}… (${value.length} characters)`
  if (Array.isArray(value)) return value.map(shortenPictures)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shortenPictures(member)]))
}
