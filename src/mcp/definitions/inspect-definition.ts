import { findHiddenCharacters, removeHiddenCharacters } from '../../lib/hidden-characters.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { suspiciousPhrases } from './suspicious-phrases.ts'

const mostTexts = 2000
const mostCharacters = 64 * 1024
const mostOfList = 2 * 1024 * 1024
/** Models do not read these. Hidden characters have no place there either. */
const unread = new Set(['_meta', 'icons', 'inputSchema.$schema', 'outputSchema.$schema'])

/** What is left to look at within one list: an upstream must not keep the process busy with texts. */
export interface Inspection {
  charactersLeft: number
}

/** For one list. */
export function newInspection(): Inspection {
  return { charactersLeft: mostOfList }
}

interface Text {
  readonly place: string
  readonly text: string
  readonly isRead: boolean
}

/**
 * What is suspicious in a definition, each with its place, e.g. `description holds tag characters`, `inputSchema.properties.x.description
 * asks for secrecy`. A warning sign, not a verdict: such texts can be innocent, and poisoned ones can be written otherwise.
 */
export function inspectDefinition(definition: JsonObject, inspection: Inspection = newInspection()): readonly string[] {
  const found = new Set<string>()
  const texts = listTexts(definition)
  const characters = texts.reduce((sum, { text }) => sum + text.length, 0)
  inspection.charactersLeft -= characters
  if (texts.length >= mostTexts || characters > mostCharacters || inspection.charactersLeft < 0)
    return ['is too long to be inspected']
  for (const { place, text, isRead } of texts) {
    for (const what of findHiddenCharacters(text)) found.add(`${place} holds ${what}`)
    if (isRead) for (const what of findPhrases(text)) found.add(`${place} ${what}`)
  }
  const { name } = definition
  if (typeof name === 'string' && hasLookAlikes(name)) found.add('name mixes letters of several scripts')
  return [...found]
}

/** Ways of `suspiciousPhrases` in which the text speaks. */
export function findPhrases(text: string): readonly string[] {
  const plain = removeHiddenCharacters(text).normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ')
  return suspiciousPhrases.filter(({ pattern }) => pattern.test(plain)).map(({ what }) => what)
}

/** `sеarch` with a Cyrillic letter in it: a name is of one script, or it wants to be taken for another. */
function hasLookAlikes(name: string): boolean {
  return (
    /\p{Script=Latin}/u.test(name) &&
    /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u.test(name)
  )
}

/** Every text of a definition, names of members included: the model reads those of a schema. */
function listTexts(definition: JsonObject): readonly Text[] {
  const texts: Text[] = []
  const pending: { place: string; value: unknown; isRead: boolean }[] = [{ place: '', value: definition, isRead: true }]
  for (let next = pending.pop(); next !== undefined && texts.length < mostTexts; next = pending.pop()) {
    const { place, value, isRead } = next
    if (typeof value === 'string') texts.push({ place, text: value, isRead })
    else if (Array.isArray(value)) for (const item of value as unknown[]) pending.push({ place, value: item, isRead })
    else if (isJsonObject(value)) {
      for (const [name, member] of Object.entries(value)) {
        const inner = place === '' ? name : `${place}.${name}`
        if (place !== '') texts.push({ place: `a name in ${place}`, text: name, isRead })
        pending.push({ place: inner, value: member, isRead: isRead && !unread.has(inner) })
      }
    }
  }
  return texts
}
