import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SqlDatabase } from '../contracts/sql-database.ts'
import { fingerprintOf, generateSigningKey } from '../lib/sign.ts'
import { openDatabase } from '../storage/sqlite/open-database.ts'
import { AuditLog } from './audit-log.ts'
import { chainEntry, showEntry } from './entry.ts'
import { verifyChain } from './verify-chain.ts'

const key = generateSigningKey()
let directory: string
let database: SqlDatabase
let log: AuditLog
let now: number

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-audit-'))
  database = openDatabase(join(directory, 'audit.db'))
  now = 1_000
  log = AuditLog.open(database, () => now, key)
})
afterEach(() => {
  log.close()
  rmSync(directory, { recursive: true })
})

const draft = (number: number) => ({
  time: number,
  type: 'auth_consent_given',
  fields: { subject: number % 2 === 0 ? 'ada' : 'bob', detail: `number ${number}`, tenant: 'default' },
})
/** Four segments of three entries. */
function fill(): void {
  for (let first = 1; first <= 10; first += 3) log.append([draft(first), draft(first + 1), draft(first + 2)])
}
const verify = (expected = {}) =>
  verifyChain(log.entries(), log.segments(), { key: fingerprintOf(key.publicKey), ...expected })
const kinds = async (expected = {}) => [...new Set((await verify(expected)).problems.map(({ kind }) => kind))]

test('a trail that nobody touched has no problems, and every entry is signed', async () => {
  fill()
  expect(await verify()).toMatchObject({
    entries: 12,
    firstSequence: 1,
    lastSequence: 12,
    lastHash: log.head.hash,
    signedUpTo: 12,
    problems: [],
  })
})

describe('tampering is detected:', () => {
  beforeEach(fill)

  test('an edited field', async () => {
    database.exec(`update audit_entries set fields = replace(fields, 'number 5', 'number 6') where sequence = 5`)
    const { problems } = await verify()
    expect(problems).toEqual([expect.objectContaining({ kind: 'altered', sequence: 5 })])
  })

  test.each(['time = time + 1', "type = 'auth_signed_in'", "fields = '{}'"])('an edited column: %s', async (change) => {
    database.exec(`update audit_entries set ${change} where sequence = 5`)
    expect((await verify()).problems[0]).toMatchObject({ kind: 'altered', sequence: 5 })
  })

  test('an edit with its hash made to fit', async () => {
    const [, , , before, target] = [...log.entries()]
    const forged = chainEntry({ sequence: 4, hash: before?.hash ?? '' }, { ...draft(5), type: 'auth_signed_in' })
    expect(target?.sequence).toBe(5)
    database
      .prepare('update audit_entries set type = ?, fields = ?, hash = ? where sequence = 5')
      .run(forged.type, JSON.stringify(forged.fields), forged.hash)
    expect((await verify()).problems[0]).toMatchObject({ kind: 'altered', sequence: 6 })
  })

  test('a whole chain made anew from one entry on', async () => {
    const entries = [...log.entries()]
    let head = { sequence: 4, hash: entries[3]?.hash ?? '' }
    for (const number of [5, 6, 7, 8, 9, 10, 11, 12]) {
      const forged = chainEntry(head, { ...draft(number), type: 'auth_signed_in' })
      database
        .prepare('update audit_entries set type = ?, fields = ?, hash = ? where sequence = ?')
        .run(forged.type, JSON.stringify(forged.fields), forged.hash, number)
      head = forged
    }
    expect((await verify()).problems).toEqual(
      [6, 9, 12].map((sequence) => expect.objectContaining({ kind: 'altered', sequence })),
    )
  })

  test('and its signatures made anew with another key', async () => {
    database.exec('delete from audit_segments')
    AuditLog.open(database, () => now, generateSigningKey()).append([draft(13)])
    expect(await kinds()).toContain('unknown-key')
  })

  test('a deleted entry', async () => {
    database.exec('delete from audit_entries where sequence = 5')
    expect((await verify()).problems[0]).toMatchObject({ kind: 'missing', sequence: 5 })
  })

  test('a deleted entry whose place was closed', async () => {
    database.exec('delete from audit_entries where sequence = 5')
    for (let sequence = 6; sequence <= 12; sequence++)
      database.exec(`update audit_entries set sequence = ${sequence - 1} where sequence = ${sequence}`)
    expect(await kinds()).toEqual(['altered', 'truncated'])
  })

  test('an inserted entry', async () => {
    for (let sequence = 12; sequence >= 6; sequence--)
      database.exec(`update audit_entries set sequence = ${sequence + 1} where sequence = ${sequence}`)
    const forged = chainEntry({ sequence: 5, hash: [...log.entries()][4]?.hash ?? '' }, draft(99))
    database
      .prepare('insert into audit_entries (sequence, time, type, fields, hash) values (?, ?, ?, ?, ?)')
      .run(6, forged.time, forged.type, JSON.stringify(forged.fields), forged.hash)
    expect((await verify()).problems[0]).toMatchObject({ kind: 'altered', sequence: 6 })
  })

  test('two entries in each other’s place', async () => {
    database.exec('update audit_entries set sequence = 100 where sequence = 5')
    database.exec('update audit_entries set sequence = 5 where sequence = 6')
    database.exec('update audit_entries set sequence = 6 where sequence = 100')
    expect((await verify()).problems.slice(0, 2)).toEqual([
      expect.objectContaining({ kind: 'altered', sequence: 5 }),
      expect.objectContaining({ kind: 'altered', sequence: 6 }),
    ])
  })

  test('entries in another order', async () => {
    const entries = [...log.entries()]
    const swapped = entries.with(4, entries[5] as never).with(5, entries[4] as never)
    const { problems } = await verifyChain(swapped, log.segments())
    expect(problems.map(({ kind }) => kind)).toContain('out-of-order')
  })

  test.each([12, 10, 5])('the end cut off from entry %i', async (from) => {
    database.exec(`delete from audit_entries where sequence >= ${from}`)
    expect((await verify()).problems.at(-1)).toMatchObject({ kind: 'truncated', sequence: from })
  })

  test('the end cut off with its signatures, by what was written to the log', async () => {
    const head = log.head
    database.exec('delete from audit_entries where sequence >= 10; delete from audit_segments where last >= 10')
    expect(await kinds()).toEqual([])
    expect(await kinds({ head })).toEqual(['truncated'])
  })

  test('another trail in its place, by what was written to the log', async () => {
    const head = log.head
    database.exec('delete from audit_entries; delete from audit_segments')
    fill()
    expect(await kinds({ head })).toEqual(['altered'])
  })

  test('the beginning cut off', async () => {
    database.exec('delete from audit_entries where sequence <= 3; delete from audit_segments where last <= 3')
    expect((await verify()).problems.at(-1)).toMatchObject({ kind: 'missing', sequence: 1 })
  })

  test('a signature that was altered, and signatures that are gone', async () => {
    database.exec('update audit_segments set time = time + 1 where last = 6')
    expect((await verify()).problems).toEqual([expect.objectContaining({ kind: 'bad-signature', sequence: 6 })])
    database.exec('delete from audit_segments where last = 6')
    expect((await verify()).problems).toEqual([expect.objectContaining({ kind: 'missing', sequence: 4 })])
  })
})

describe('redaction', () => {
  test('removes what is personal from the file, and the chain stays valid', async () => {
    fill()
    expect(log.redact('ada', 'root')).toBe(6)
    expect((await verify()).problems).toEqual([])
    const entries = [...log.entries()].map(showEntry)
    expect(entries[1]).toMatchObject({ fields: { tenant: 'default' }, redacted: ['subject', 'detail'] })
    expect(entries[0]).toMatchObject({ fields: { subject: 'bob' }, redacted: [] })
    expect(entries.at(-1)).toMatchObject({ type: 'audit_redacted', fields: { entries: 6, actor: 'root' } })
    expect(log.read({ subject: 'ada', limit: 10 })).toEqual([])
  })

  test('removes what entries of others say of the person, and nothing else of them', async () => {
    const grant = { id: 'g1', subject: 'ada', scopes: ['all'] }
    const change = { actor: 'carol', operation: 'revokeGrant', target: 'grant g1', before: grant, after: null }
    const ofOthers = { subject: 'consumer:ada', clientId: 'ada@example.com', detail: 'by carol with an adapter' }
    log.append([
      { time: 1, type: 'admin_changed', fields: change },
      { time: 2, type: 'auth_key_revoked', fields: { subject: 'bob', detail: 'by ada in the console' } },
      { time: 3, type: 'auth_key_revoked', fields: ofOthers },
    ])
    expect(log.redact('ada', 'root')).toBe(2)
    const [changed, revoked, other] = [...log.entries()].map(showEntry)
    expect(changed).toMatchObject({ fields: { actor: 'carol', target: 'grant g1', after: null }, redacted: ['before'] })
    expect(revoked).toMatchObject({ fields: { subject: 'bob' }, redacted: ['detail'] })
    expect(other).toMatchObject({ fields: ofOthers, redacted: [] })
    expect((await verify()).problems).toEqual([])
    expect(log.redact('ada', 'root')).toBe(0)
  })

  test('does not hide an edit: what is left of a redacted entry is still bound to the chain', async () => {
    fill()
    log.redact('ada', 'root')
    database.exec(`update audit_entries set fields = json_remove(fields, '$.subject') where sequence = 2`)
    expect((await verify()).problems[0]).toMatchObject({ kind: 'altered', sequence: 2 })
  })

  test('equal values have different commitments, so nobody learns a redacted one by trying', () => {
    log.append([draft(2), draft(2)])
    log.redact('ada', 'root')
    const [first, second] = [...log.entries()]
    expect(first?.fields.subject).toEqual({ commitment: expect.any(String) })
    expect(first?.fields.subject).not.toEqual(second?.fields.subject)
  })
})

describe('retention', () => {
  test('removes whole segments from the beginning, and the chain says so itself', async () => {
    fill()
    now = 2_000
    log.append([draft(13)])
    expect(log.prune(1_500)).toBe(12)
    expect(await verify()).toMatchObject({ firstSequence: 13, lastSequence: 14, problems: [] })
    now = 3_000
    log.append([draft(15)])
    expect(log.prune(2_500)).toBe(2)
    expect(await verify()).toMatchObject({ firstSequence: 15, problems: [] })
  })

  test('of everything leaves a chain that goes on where it ended', async () => {
    fill()
    now = 2_000
    expect(log.prune(1_500)).toBe(12)
    log.append([draft(14)])
    expect(await verify()).toMatchObject({ firstSequence: 13, lastSequence: 14, signedUpTo: 14, problems: [] })
  })

  test('does not excuse more than it removed', async () => {
    fill()
    now = 2_000
    log.append([draft(13), draft(14)])
    log.prune(1_500)
    database.exec('delete from audit_entries where sequence = 13')
    expect((await verify()).problems.at(-1)).toMatchObject({ kind: 'missing', sequence: 1 })
  })
})

test('entries of a process without the key are signed by the next one that has it', async () => {
  log.append([draft(1)])
  AuditLog.open(database, () => now).append([draft(2)])
  expect(await verify()).toMatchObject({ lastSequence: 2, signedUpTo: 1, problems: [] })
  log.append([draft(3)])
  expect(await verify()).toMatchObject({ lastSequence: 3, signedUpTo: 3, problems: [] })
})
