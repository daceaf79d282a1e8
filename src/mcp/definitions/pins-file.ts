import { z } from 'zod'
import type { DefinitionList, PinnedDefinition, ServerPins } from '../../contracts/pinned-definitions.ts'
import { sha256 } from '../../lib/hash.ts'
import { escapeHiddenCharacters } from '../../lib/hidden-characters.ts'
import type { JsonObject } from '../../lib/json.ts'
import { describeDefinition, hashDefinition, keyOfList } from './hash-definition.ts'

/** The lock file of a project, beside sallyport.jsonc. */
export const pinsFile = 'sallyport.pins.json'

const pin = z.strictObject({
  name: z.string().describe('Name of the tool or prompt, URI of the resource, URI template.'),
  hash: z.string().min(1).describe('SHA-256 over the canonical definition; what is compared.'),
  definition: z.record(z.string(), z.unknown()).describe('The definition, for review.'),
})

const list = z
  .array(pin)
  .default([])
  .refine((pins) => new Set(pins.map(({ name }) => name)).size === pins.length, 'pins one name twice')

/** `sallyport.pins.json`. Lists, not objects: names are the upstream's, and one may be `__proto__`. */
export const pinsFileSchema = z.strictObject({
  version: z.literal(1),
  servers: z
    .array(
      z.strictObject({
        server: z.string().min(1).describe('operationId of the virtual server.'),
        tools: list,
        prompts: list,
        resources: list,
        resourceTemplates: list,
        instructions: list,
      }),
    )
    .refine((servers) => new Set(servers.map(({ server }) => server)).size === servers.length, 'has one server twice'),
})

/** The pins of a project by virtual server. */
export type Pins = ReadonlyMap<string, ServerPins>

/** The lists that can be pinned, in the order of the file. */
export const definitionLists: readonly DefinitionList[] = [
  'tools',
  'prompts',
  'resources',
  'resourceTemplates',
  'instructions',
]

/** The checked content of the file, by virtual server. */
export function readPins({ servers }: z.output<typeof pinsFileSchema>): Pins {
  return new Map(
    servers.map(({ server, ...lists }) => {
      const toMap = (name: DefinitionList) =>
        new Map(lists[name].map(({ name: key, hash, definition }) => [key, { hash, definition }] as const))
      return [server, mapLists(toMap)]
    }),
  )
}

/** The file: servers and names in order, one member per line, hidden characters as escapes, so that a difference in Git shows everything. */
export function formatPins(pins: Pins): string {
  const servers = sortByName(pins).map(([server, lists]) => ({
    server,
    ...mapLists((name) =>
      sortByName(lists[name]).map(([key, { hash, definition }]) => ({ name: key, hash, definition })),
    ),
  }))
  return `${escapeHiddenCharacters(JSON.stringify({ version: 1, servers }, undefined, 2))}\n`
}

/** Pins everything in the lists that an upstream gave. Of two entries with one name the first counts; the other never fits. */
export function pinDefinitions(entriesOf: (list: DefinitionList) => readonly JsonObject[]): ServerPins {
  return mapLists((name) => {
    const pins = new Map<string, PinnedDefinition>()
    for (const entry of entriesOf(name)) {
      const key = entry[keyOfList[name]]
      if (typeof key !== 'string' || pins.has(key)) continue
      pins.set(key, { hash: hashDefinition(name, entry), definition: describeDefinition(name, entry) })
    }
    return pins
  })
}

/** One hash over everything that is pinned of a server; undefined when nothing is. */
export function hashPins(pins: ServerPins | undefined): string | undefined {
  if (pins === undefined) return undefined
  const hashes = definitionLists.map((list) => sortByName(pins[list]).map(([name, { hash }]) => [name, hash]))
  return sha256(JSON.stringify(hashes))
}

/** A value for each list. */
export function mapLists<T>(make: (list: DefinitionList) => T): { readonly [List in DefinitionList]: T } {
  return {
    tools: make('tools'),
    prompts: make('prompts'),
    resources: make('resources'),
    resourceTemplates: make('resourceTemplates'),
    instructions: make('instructions'),
  }
}

function sortByName<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].toSorted(([left], [right]) => (left < right ? -1 : 1))
}
