import { isJsonObject } from '../lib/json.ts'
import type { AuditLog } from './audit-log.ts'
import { type ChainHead, type ChainLink, emptyChain, hideEntry, type StoredEntry } from './entry.ts'
import type { Segment } from './segment.ts'

/** First line of an export. */
export interface ExportHeader {
  readonly format: 'sallyport-audit-export'
  readonly version: 1
  /** Whose entries are shown; absent: all are. */
  readonly subject?: string | undefined
  /** What the first entry follows. */
  readonly after: ChainHead
}

/** One line of an export. */
export type ExportLine = ExportHeader | { readonly entry: ChainLink } | { readonly segment: Segment }

/**
 * The trail as lines that can be verified without the gateway: a header, every entry, and every signature after its last entry. With a
 * subject the entries of others are in it as their hashes only: they show that nothing is missing, and nothing else.
 */
export function* exportTrail(
  log: AuditLog,
  { subject }: { readonly subject?: string | undefined },
): Generator<ExportLine> {
  const segments = log.segments()
  let segment = segments.next()
  let started = false
  for (const entry of log.entries()) {
    if (!started)
      yield { format: 'sallyport-audit-export', version: 1, subject, after: log.before(entry) ?? emptyChain }
    started = true
    yield { entry: subject === undefined || concerns(entry, subject) ? entry : hideEntry(entry) }
    while (segment.done !== true && segment.value.last <= entry.sequence) {
      yield { segment: segment.value }
      segment = segments.next()
    }
  }
  if (!started) yield { format: 'sallyport-audit-export', version: 1, subject, after: emptyChain }
}

function concerns({ type, fields }: StoredEntry, subject: string): boolean {
  // Why entries are missing at the beginning concerns everybody.
  return type === 'audit_pruned' || fields.subject?.value === subject || fields.actor?.value === subject
}

/** Reads one line of an export. Throws a `SyntaxError` for what is none. */
export function parseExportLine(text: string, line: number): ExportLine {
  const parsed: unknown = JSON.parse(text)
  const isLine =
    isJsonObject(parsed) && ('entry' in parsed || 'segment' in parsed || parsed.format === 'sallyport-audit-export')
  if (!isLine) throw new SyntaxError(`line ${line} is not of an export of the audit trail`)
  // Whoever wrote it, what does not hash and verify is reported.
  return parsed as unknown as ExportLine
}
