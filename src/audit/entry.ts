import type { AuditEntry } from '../contracts/audit.ts'
import { canonicalJson } from '../lib/canonical-json.ts'
import { sha256 } from '../lib/hash.ts'
import type { JsonValue } from '../lib/json.ts'
import { randomToken } from '../lib/random-id.ts'

/** What is to be recorded. */
export interface AuditDraft {
  readonly time: number
  readonly type: string
  readonly fields: { readonly [name: string]: JsonValue }
}

/**
 * A field at rest: its value with the salt of its commitment; or, once it was redacted, the commitment alone. The chain is made of
 * commitments, so it does not notice the difference, and without the salt nobody can try values out.
 */
export type StoredField =
  | { readonly value: JsonValue; readonly salt: string }
  | { readonly commitment: string; readonly value?: undefined }

/** An entry at rest. */
export interface StoredEntry {
  readonly sequence: number
  readonly time: number
  readonly type: string
  readonly fields: { readonly [name: string]: StoredField }
  readonly hash: string
}

/** Where the chain stands: the entry that the next one follows. */
export interface ChainHead {
  readonly sequence: number
  readonly hash: string
}

/** The chain before its first entry. */
export const emptyChain: ChainHead = { sequence: 0, hash: '' }

/** The entry that follows `head`. */
export function chainEntry(head: ChainHead, draft: AuditDraft): StoredEntry {
  const fields: { [name: string]: StoredField } = {}
  for (const [name, value] of Object.entries(draft.fields)) fields[name] = { value, salt: randomToken(16) }
  const entry = { sequence: head.sequence + 1, time: draft.time, type: draft.type, fields }
  return { ...entry, hash: hashEntry(entry, head.hash) }
}

/** An entry whose content is not shown, because it is somebody else's: it still holds the chain together. */
export interface OpaqueEntry {
  readonly sequence: number
  readonly body: string
  readonly hash: string
}

/** Anything that stands in the chain. */
export type ChainLink = StoredEntry | OpaqueEntry

/** Commits to an entry and, by the hash of the one before, to everything before it. */
export function hashEntry(entry: UnhashedLink, previousHash: string): string {
  return sha256(canonicalJson(['sallyport-audit-entry', previousHash, 'body' in entry ? entry.body : hashBody(entry)]))
}

type UnhashedLink = Omit<StoredEntry, 'hash'> | Omit<OpaqueEntry, 'hash'>

/** The same entry without its content. */
export function hideEntry(entry: StoredEntry): OpaqueEntry {
  return { sequence: entry.sequence, body: hashBody(entry), hash: entry.hash }
}

function hashBody({ sequence, time, type, fields }: Omit<StoredEntry, 'hash'>): string {
  const commitments = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, commitTo(field)]))
  return sha256(canonicalJson(['sallyport-audit-body', sequence, time, type, commitments]))
}

function commitTo(field: StoredField): string {
  return field.value === undefined ? field.commitment : sha256(canonicalJson([field.salt, field.value]))
}

/** The same entry without the values of these fields. */
export function redactEntry(entry: StoredEntry, names: ReadonlySet<string>): StoredEntry {
  const fields = Object.entries(entry.fields).map(([name, field]) =>
    names.has(name) ? ([name, { commitment: commitTo(field) }] as const) : ([name, field] as const),
  )
  return { ...entry, fields: Object.fromEntries(fields) }
}

/** An entry for readers. */
export function showEntry({ sequence, time, type, fields, hash }: StoredEntry): AuditEntry {
  const shown: { [name: string]: JsonValue } = {}
  const redacted: string[] = []
  for (const [name, field] of Object.entries(fields)) {
    if (field.value === undefined) redacted.push(name)
    else shown[name] = field.value
  }
  return { sequence, time, type, fields: shown, redacted, hash }
}
