import { escapeHiddenCharacters } from '../../lib/hidden-characters.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'

const longestText = 120
const context = 20
const mostChanges = 12
const longestDiff = 1000

/**
 * What changed between two definitions, for people, in one line: `description: "…issues." → "…issues. Also…"; inputSchema.properties.to
 * added {…}`. Hidden characters are written as escapes. At most 1,000 characters.
 */
export function diffDefinitions(before: JsonObject, after: JsonObject): string {
  const changes: string[] = []
  compare('', before, after, changes)
  const shown = changes.slice(0, mostChanges)
  if (changes.length > shown.length) shown.push(`${changes.length - shown.length} more`)
  const text = shown.join('; ')
  return text.length > longestDiff ? `${text.slice(0, longestDiff - 1)}…` : text
}

function compare(path: string, before: unknown, after: unknown, changes: string[]): void {
  if (isJsonObject(before) && isJsonObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)])
    for (const name of [...names].toSorted()) {
      const place = path === '' ? escapeHiddenCharacters(name) : `${path}.${escapeHiddenCharacters(name)}`
      if (!Object.hasOwn(before, name)) changes.push(`${place} added ${show(after[name])}`)
      else if (!Object.hasOwn(after, name)) changes.push(`${place} removed`)
      else compare(place, before[name], after[name], changes)
    }
    return
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return
  if (typeof before === 'string' && typeof after === 'string') changes.push(`${path}: ${showTexts(before, after)}`)
  else changes.push(`${path}: ${show(before)} → ${show(after)}`)
}

/** Both texts from a little before the first difference on. */
function showTexts(before: string, after: string): string {
  let same = 0
  while (same < before.length && same < after.length && before[same] === after[same]) same++
  const start = Math.max(0, same - context)
  const mark = start === 0 ? '' : '…'
  return `${show(mark + before.slice(start))} → ${show(mark + after.slice(start))}`
}

function show(value: unknown): string {
  const text = escapeHiddenCharacters(JSON.stringify(value) ?? 'nothing')
  return text.length <= longestText ? text : `${text.slice(0, longestText)}…`
}
