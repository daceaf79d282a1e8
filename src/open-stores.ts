import { isAbsolute, join } from 'node:path'
import { createEventBuffer, type EventBuffer } from './analytics/buffer.ts'
import type { GatewayEvent } from './analytics/event.ts'
import { createLogSink } from './analytics/sinks/log.ts'
import { loadAuditKey } from './audit/load-signing-key.ts'
import { openAudit } from './audit/open-audit.ts'
import type { Project } from './config/project.ts'
import type { EventSink } from './contracts/event-sink.ts'
import type { Storage } from './contracts/storage.ts'
import { openVault } from './credentials/open-vault.ts'
import { openEvents } from './open-events.ts'
import { openDatabase } from './storage/sqlite/open-database.ts'
import { openStorage } from './storage/sqlite/open-storage.ts'
import type { Log } from './telemetry/log.ts'

/** Opens the store, the vault and the events of a project. Rejects when the store needs a vault key that is not there. */
export async function openStores(
  project: Project,
  mode: Project['mode'],
  log: Log,
  exportSinks: readonly EventSink<GatewayEvent>[],
) {
  const { settings } = project
  const directory = inProject(project, settings.storage.directory)
  const storage = await openStorage(directory)
  // Before any key is read: one that is discarded while the gateway starts must not be missed.
  const latestRevocation = await storage.revocations.latest()
  const { vault, reloadVaultKeys } = await openProjectVault(project, mode, storage, log)
  const events = await openEvents(settings.events, directory, log)
  const sinks = [events.sink, ...exportSinks]
  // The database has every event. A line for each in the log as well costs a tenth of a call, so `start` leaves successes out.
  const logEvents = settings.telemetry.logEvents ?? (mode === 'dev' ? 'all' : 'problems')
  if (logEvents !== 'none') sinks.push(createLogSink(log, logEvents))
  const audit = settings.audit.enabled
    ? openAudit({
        openDatabase: (options) => openDatabase(join(directory, 'audit.db'), { durability: 'normal', ...options }),
        key: await loadAuditKey(storage.sealed, vault),
        toolCalls: settings.audit.toolCalls,
        clock: Date.now,
        onTrouble: (error) =>
          log.error({ err: error }, 'the audit trail cannot be written; its entries wait in memory'),
      })
    : undefined
  if (audit) sinks.push(audit.sink)
  const { bufferSize, flushMilliseconds } = settings.events
  const recorder: EventBuffer = createEventBuffer({ sinks, log, maxSize: bufferSize, flushMilliseconds })
  const close = async () => {
    await recorder.close()
    await events.store.close()
    audit?.close()
    await storage.close()
  }
  return { vault, reloadVaultKeys, storage, latestRevocation, events, recorder, audit, close }
}

/** The vault with the keys that the store needs. Nothing is served without them, and the store stays as it is. */
async function openProjectVault(project: Project, mode: Project['mode'], storage: Storage, log: Log) {
  try {
    const { vault, reloadKeys } = await openVault(project.settings.vault, {
      secrets: project.vaultSecrets,
      keyFile: inProject(project, project.settings.vault.keyFile),
      values: storage.sealed,
      createKeyFile: mode === 'dev',
      allowLoopbackHttp: mode === 'dev',
      warn: (message) => log.warn({}, message),
    })
    const reloadVaultKeys = () => {
      reloadKeys().catch((error: unknown) => log.error({ err: error }, 'the vault keys could not be loaded again'))
    }
    return { vault, reloadVaultKeys }
  } catch (error) {
    await storage.close()
    throw error
  }
}

function inProject(project: Project, path: string): string {
  return isAbsolute(path) ? path : join(project.directory, path)
}
