import { isJsonObject, type JsonObject, stringMember } from '../../lib/json.ts'
import { compileNames, type NameMatcher } from '../../lib/name-matcher.ts'
import {
  type CapabilityFilterOptions,
  type ConfiguredEntry,
  configuredEntries,
  keyOfList,
  type ListName,
} from './options.ts'

/** What the options say about one of the four lists. */
export interface CapabilityList {
  readonly name: ListName
  /** Whether an entry with this key is offered. */
  readonly allows: NameMatcher
  /** The result with the entries that are offered, re-written where the options say so; undefined when nothing changes. */
  filter(result: JsonObject): JsonObject | undefined
}

/** The rules for one list, or undefined when the options say nothing about it. `besides`: what an offered key must also pass. */
export function compileList(
  options: CapabilityFilterOptions,
  name: ListName,
  besides: NameMatcher | undefined,
): CapabilityList | undefined {
  const entries = configuredEntries(options, name)
  const denied = options.deny?.[name]
  if (!entries && !denied) return undefined
  const inLists = compileAllows(
    name,
    entries?.map((entry) => entry.key),
    denied ?? [],
  )
  const allows: NameMatcher = besides ? (key) => inLists(key) && besides(key) : inLists
  const rewrites = new Map((entries ?? []).filter(hasRewrites).map((entry) => [entry.key, entry.rewrites]))
  return { name, allows, filter: (result) => filterResult(result, name, allows, rewrites) }
}

function compileAllows(name: ListName, allowed: readonly string[] | undefined, denied: readonly string[]): NameMatcher {
  // In a URI template `*` is RFC 6570's explode modifier, so templates are compared as they are.
  const compile = name === 'resourceTemplates' ? compileTexts : compileNames
  const isAllowed = allowed && compile(allowed)
  if (denied.length === 0) return isAllowed ?? (() => true)
  const isDenied = compile(denied)
  return isAllowed ? (key) => isAllowed(key) && !isDenied(key) : (key) => !isDenied(key)
}

function compileTexts(texts: readonly string[]): NameMatcher {
  const known = new Set(texts)
  return (text) => known.has(text)
}

function hasRewrites(entry: ConfiguredEntry): boolean {
  return Object.keys(entry.rewrites).length > 0
}

function filterResult(
  result: JsonObject,
  name: ListName,
  allows: NameMatcher,
  rewrites: ReadonlyMap<string, JsonObject>,
): JsonObject | undefined {
  if (!Object.hasOwn(result, name)) return undefined
  const list: unknown = result[name]
  // Not a list: nothing in it can be matched, so nothing of it is offered.
  if (!Array.isArray(list)) return { ...result, [name]: [] }
  const offered: unknown[] = []
  let changed = false
  for (const entry of list as unknown[]) {
    const key = isJsonObject(entry) ? stringMember(entry, keyOfList[name]) : undefined
    if (!isJsonObject(entry) || key === undefined || !allows(key)) {
      changed = true
      continue
    }
    const rewrite = rewrites.get(key)
    if (rewrite) changed = true
    offered.push(rewrite ? mergeMembers(entry, rewrite) : entry)
  }
  return changed ? { ...result, [name]: offered } : undefined
}

/** Members of `over` win; objects on both sides are merged. Own members only, so `__proto__` is a name like any other. */
function mergeMembers(base: JsonObject, over: JsonObject): JsonObject {
  const merged = new Map(Object.entries(base))
  for (const [member, value] of Object.entries(over)) {
    if (value === undefined) continue
    const before = merged.get(member)
    merged.set(member, isJsonObject(before) && isJsonObject(value) ? mergeMembers(before, value) : value)
  }
  return Object.fromEntries(merged)
}
