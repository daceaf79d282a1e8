import { once } from 'node:events'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { AuditLog } from '../audit/audit-log.ts'
import { type ChainHead, showEntry } from '../audit/entry.ts'
import { exportTrail, parseExportLine } from '../audit/export.ts'
import { verifyDatabase } from '../audit/open-audit.ts'
import type { Segment } from '../audit/segment.ts'
import { type Expectation, verifyChain } from '../audit/verify-chain.ts'
import type { AuditEntry, AuditFilter, AuditVerification } from '../contracts/audit.ts'
import { openDatabase } from '../storage/sqlite/open-database.ts'
import { formatTime, printAnswer } from './command-group.ts'
import { UsageError } from './describe-error.ts'
import { formatTable } from './format-table.ts'
import { readStoreSettings } from './open-store.ts'
import { nameOperator } from './record-administration.ts'

/** Prints entries, newest first. */
export async function listAudit(
  directory: string,
  { since, json, ...filter }: Omit<AuditFilter, 'sinceMs'> & { since?: number; json?: boolean },
): Promise<void> {
  const log = AuditLog.forReading(openDatabase(await findAuditFile(directory), { readOnly: true }))
  const entries = log.read({ ...filter, sinceMs: since }).map(showEntry)
  log.close()
  const table = formatTable(['NUMBER', 'TIME', 'TYPE', 'WHO', 'WHAT'], entries.map(toCells))
  printAnswer(json, entries, entries.length === 0 ? 'no entries' : table)
}

function toCells({ sequence, time, type, fields, redacted }: AuditEntry): string[] {
  const textOf = (name: string) => (typeof fields[name] === 'string' ? fields[name] : undefined)
  const who = textOf('actor') ?? textOf('subject') ?? (redacted.includes('subject') ? '(redacted)' : '–')
  const what = ['operation', 'target', 'virtualServer', 'capability', 'reason', 'detail'].map(textOf)
  return [String(sequence), formatTime(time), type, who, what.filter((text) => text !== undefined).join(' ')]
}

interface VerifyOptions extends Expectation {
  readonly file?: string
  readonly json?: boolean
}

/** Verifies the trail of a project, or an export. Sets exit code 1 when something is wrong. */
export async function verifyAudit(directory: string, { file, json, ...expected }: VerifyOptions): Promise<void> {
  const result =
    file === undefined ? await verifyProject(directory, expected) : await verifyFile(resolve(file), expected)
  if (result.problems.length > 0) process.exitCode = 1
  printAnswer(json, result, describeResult(result))
}

async function verifyProject(directory: string, expected: Expectation): Promise<AuditVerification> {
  const database = openDatabase(await findAuditFile(directory), { readOnly: true })
  try {
    return await verifyDatabase(database, expected)
  } finally {
    database.close()
  }
}

/** Reads the file twice: signatures first, which are few, then the entries, which need not fit into memory. */
async function verifyFile(file: string, expected: Expectation): Promise<AuditVerification> {
  if (!existsSync(file)) throw new UsageError(`there is no file ${file}.`)
  const segments: Segment[] = []
  let start: ChainHead | undefined
  for await (const line of readExport(file)) {
    if ('format' in line) start = line.after
    else if ('segment' in line) segments.push(line.segment)
  }
  if (start === undefined) throw new UsageError(`${file} is no export of an audit trail: its first line is missing.`)
  return await verifyChain(entriesOf(file), segments, { ...expected, start })
}

async function* entriesOf(file: string) {
  for await (const line of readExport(file)) if ('entry' in line) yield line.entry
}

async function* readExport(file: string) {
  let number = 0
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1
    try {
      yield parseExportLine(text, number)
    } catch (error) {
      throw new UsageError(`${file}:${number}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

function describeResult({ entries, lastSequence, lastHash, signedUpTo, keys, problems }: AuditVerification): string {
  if (entries === 0 && problems.length === 0) return 'no entries'
  const found = problems.map(({ kind, message }) => `  ${kind}: ${message}`)
  return [
    problems.length === 0 ? `${entries} entries, all as they were written.` : `${entries} entries. This is wrong:`,
    ...found,
    `newest: ${lastSequence ?? '–'}:${lastHash ?? '–'} (signed up to ${signedUpTo})`,
    `keys: ${keys.join(' ') || '–'}`,
  ].join('\n')
}

/** Writes the trail, or what concerns one subject, as an export. */
export async function exportAudit(
  directory: string,
  { subject, output }: { readonly subject?: string; readonly output?: string },
): Promise<void> {
  const database = openDatabase(await findAuditFile(directory), { readOnly: true })
  const target = output === undefined ? process.stdout : createWriteStream(resolve(output), { mode: 0o600 })
  database.exec('begin')
  try {
    let written = 0
    for (const line of exportTrail(AuditLog.forReading(database), { subject })) {
      if (!target.write(`${JSON.stringify(line)}\n`)) await once(target, 'drain')
      written += 'entry' in line ? 1 : 0
    }
    if (target === process.stdout) return
    target.end()
    await once(target, 'finish')
    process.stdout.write(`${written} entries in ${output}\n`)
  } finally {
    database.exec('commit')
    database.close()
  }
}

/** Removes what is personal from the entries of a subject. */
export async function redactAudit(subject: string, directory: string, { json }: { json?: boolean }): Promise<void> {
  const database = openDatabase(await findAuditFile(directory))
  const log = AuditLog.open(database, Date.now)
  const redacted = log.redact(subject, nameOperator())
  // Otherwise what was redacted would stay in the log of SQLite for a while.
  database.exec('pragma secure_delete=on; vacuum')
  const checkpoint = database.prepare('pragma wal_checkpoint(truncate)').get()
  log.close()
  if (Number(checkpoint?.busy) !== 0) {
    throw new Error(
      `Redacted ${redacted} entries of ${subject}, but somebody reads the trail: what was removed may still be in audit.db-wal. Run this again.`,
    )
  }
  if (redacted === 0) throw new UsageError(`no entry of ${subject} is left to redact. See: sallyport audit list`)
  printAnswer(json, { subject, redacted }, `redacted ${redacted} entries of ${subject}`)
}

async function findAuditFile(directory: string): Promise<string> {
  const { settings } = await readStoreSettings(directory)
  const path = join(resolve(directory, settings.storage.directory), 'audit.db')
  if (!existsSync(path)) throw new UsageError(`no audit trail yet: there is no ${path}. Start the gateway first.`)
  return path
}
