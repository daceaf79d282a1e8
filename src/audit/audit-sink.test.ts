import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { newEvent } from '../analytics/event.ts'
import { generateSigningKey } from '../lib/sign.ts'
import { openDatabase } from '../storage/sqlite/open-database.ts'
import { AuditLog } from './audit-log.ts'
import { createAuditSink } from './audit-sink.ts'
import { openAudit } from './open-audit.ts'

it('entries that the disk does not take wait, which is told once, and are written in their order', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-audit-'))
  const database = openDatabase(join(directory, 'audit.db'))
  const log = AuditLog.open(database, Date.now)
  onTestFinished(() => {
    log.close()
    rmSync(directory, { recursive: true })
  })
  const onTrouble = vi.fn()
  const sink = createAuditSink(log, { toolCalls: false, onTrouble })
  const write = (requestId: string) => sink.write([newEvent('auth_keys_rotated', 1, requestId)])
  database.exec('pragma query_only=on')
  await write('first')
  await write('second')
  expect(onTrouble).toHaveBeenCalledOnce()
  expect(sink.trouble?.message).toMatch(/readonly/)
  database.exec('pragma query_only=off')
  await write('third')
  expect(sink.trouble).toBeUndefined()
  expect([...log.entries()].map(({ fields }) => fields.requestId?.value)).toEqual(['first', 'second', 'third'])
})

it('a change of an administrator, which has happened, waits as well', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-audit-'))
  const database = openDatabase(join(directory, 'audit.db'))
  const onTrouble = vi.fn()
  const audit = openAudit({
    openDatabase: () => database,
    key: generateSigningKey(),
    toolCalls: false,
    clock: Date.now,
    onTrouble,
  })
  onTestFinished(() => {
    audit.close()
    rmSync(directory, { recursive: true })
  })
  const change = {
    actor: 'carol',
    tenant: 'default',
    operation: 'revokeKey',
    before: null,
    after: null,
    requestId: 'r',
  }
  database.exec('pragma query_only=on')
  await audit.trail.recordChange({ ...change, target: 'key-1' })
  expect(onTrouble).toHaveBeenCalledOnce()
  database.exec('pragma query_only=off')
  await audit.trail.recordChange({ ...change, target: 'key-2' })
  const entries = await audit.trail.read({ limit: 10 })
  expect(entries.map(({ fields }) => fields.target)).toEqual(['key-2', 'key-1'])
})

it('wants what it keeps, and keeps what it wants', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-audit-'))
  const log = AuditLog.open(openDatabase(join(directory, 'audit.db')), Date.now)
  onTestFinished(() => {
    log.close()
    rmSync(directory, { recursive: true })
  })
  const call = { ...newEvent('capability_completed', 1, 'call'), capabilityType: 'tool' as const }
  const events = [
    call,
    newEvent('auth_signed_in', 2, 'signed-in'),
    newEvent('mcp_request_completed', 3, 'ping'),
    { ...newEvent('mcp_request_rejected', 4, 'refused'), outcome: 'denied' as const, subject: 'ada' },
    { ...newEvent('mcp_request_rejected', 5, 'nobody'), outcome: 'denied' as const },
    newEvent('admin_changed', 6, 'written-already'),
  ]
  const sinks = [false, true].map((toolCalls) => createAuditSink(log, { toolCalls }))
  const wanted = sinks.map((sink) => events.filter((event) => sink.wants?.(event)).map(({ requestId }) => requestId))
  expect(wanted).toEqual([
    ['signed-in', 'refused'],
    ['call', 'signed-in', 'refused'],
  ])
  const [without] = sinks
  await without?.write(events)
  expect([...log.entries()].map(({ fields }) => fields.requestId?.value)).toEqual(wanted[0])
})
