import type { DefinitionList } from '../contracts/pinned-definitions.ts'
import { isJsonObject, type JsonObject, stringMember } from '../lib/json.ts'
import { describeDefinition, keyOfList } from '../mcp/definitions/hash-definition.ts'
import { type Inspection, inspectDefinition, newInspection } from '../mcp/definitions/inspect-definition.ts'

/** What to look at before something is offered. */
export type DefinitionHint =
  | 'read-only'
  | 'destructive'
  | 'open-world'
  | 'idempotent'
  | 'unannotated'
  | 'suspicious'
  | 'long'

/** Most entries of one list that are shown. */
export const mostShown = 500
const longestDescription = 4000
const longestDefinition = 32 * 1024

/** Entries of a list for somebody who decides which of them to offer. */
export function describeDefinitions(list: Exclude<DefinitionList, 'instructions'>, entries: readonly JsonObject[]) {
  const inspection = newInspection()
  return entries.slice(0, mostShown).flatMap((entry) => {
    const name = stringMember(entry, keyOfList[list])
    return name === undefined ? [] : [describe(list, name, entry, inspection)]
  })
}

function describe(
  list: Exclude<DefinitionList, 'instructions'>,
  name: string,
  entry: JsonObject,
  inspection: Inspection,
) {
  const annotations = isJsonObject(entry['annotations']) ? entry['annotations'] : undefined
  const suspicions = inspectDefinition(entry, inspection)
  const description = stringMember(entry, 'description')
  const definition = describeDefinition(list, entry)
  const isLong =
    (description?.length ?? 0) > longestDescription || JSON.stringify(definition).length > longestDefinition
  const found: readonly (readonly [DefinitionHint, boolean])[] = [
    ...(list === 'tools' ? hintsOfTool(annotations) : []),
    ['suspicious', suspicions.length > 0],
    ['long', isLong],
  ]
  return {
    name,
    title: stringMember(entry, 'title') ?? stringMember(annotations ?? {}, 'title') ?? null,
    description: description === undefined ? null : shorten(description),
    annotations: annotations ?? null,
    hints: found.filter(([, holds]) => holds).map(([hint]) => hint),
    suspicions: [...suspicions],
    definition: JSON.stringify(definition).length > longestDefinition ? { name } : definition,
  }
}

/** What a tool says of itself, which nobody checks (2025-11-25 §tools, annotations). Without annotations nothing is known. */
function hintsOfTool(annotations: JsonObject | undefined): readonly (readonly [DefinitionHint, boolean])[] {
  if (annotations === undefined) return [['unannotated', true]]
  const { readOnlyHint, destructiveHint, openWorldHint, idempotentHint } = annotations
  return [
    ['read-only', readOnlyHint === true],
    // A tool that changes things and does not say how is taken for destructive, as the specification does.
    ['destructive', readOnlyHint !== true && destructiveHint !== false],
    ['open-world', openWorldHint === true],
    ['idempotent', idempotentHint === true],
  ]
}

function shorten(text: string): string {
  return text.length <= longestDescription ? text : `${text.slice(0, longestDescription)}…`
}
