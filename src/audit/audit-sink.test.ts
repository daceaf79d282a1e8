import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { newEvent } from '../analytics/event.ts'
import { openDatabase } from '../storage/sqlite/open-database.ts'
import { AuditLog } from './audit-log.ts'
import { createAuditSink } from './audit-sink.ts'

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
