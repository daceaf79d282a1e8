import type { JsonValue } from '../lib/json.ts'
import type { StoredEntry } from './entry.ts'

/** Fields that may say something of a person; `redact` removes them. What is left says what happened, not who it was. */
export const personalFields: ReadonlySet<string> = new Set([
  'actor',
  'after',
  'before',
  'capability',
  'clientId',
  'clientName',
  'detail',
  'requestId',
  'subject',
  'target',
  'traceId',
])

/**
 * Names of the fields that say something of this subject: all personal ones where the entry is about what it did; else those that name it, as when
 * an administrator revoked something of it.
 */
export function findPersonalFields({ fields }: StoredEntry, subject: string): ReadonlySet<string> {
  const isOwn = fields.subject?.value === subject || fields.actor?.value === subject
  const isTold = (name: string, value: JsonValue) => personalFields.has(name) && (isOwn || names(value, subject))
  const told = Object.entries(fields).filter(([name, { value }]) => value !== undefined && isTold(name, value))
  return new Set(told.map(([name]) => name))
}

/** `ada` is named by "by ada in the console", and by no "adapter", "consumer:ada" or "ada@example.com". */
function names(value: JsonValue, subject: string): boolean {
  if (typeof value === 'string') return includesWord(value, subject)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, member]) => includesWord(name, subject) || names(member, subject))
}

const leadsTo = /[\w@:.+-]/
const goesOn = /[\w@+-]/

function includesWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const [before = '', after = ''] = [text[at - 1], text[at + word.length]]
    if (!leadsTo.test(before) && !goesOn.test(after)) return true
  }
  return false
}
