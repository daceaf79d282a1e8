import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { GatewayEventStore } from '../analytics/event-store.ts'
import { compileSettings } from '../config/compile-settings.ts'
import { loadProject } from '../config/load-project.ts'
import { ProblemList } from '../config/problem-list.ts'
import { ProjectError } from '../config/project-error.ts'
import type { Settings } from '../config/project-schema.ts'
import { readVaultSecrets } from '../config/read-vault-secrets.ts'
import type { Storage } from '../contracts/storage.ts'
import { type OpenedVault, openVault } from '../credentials/open-vault.ts'
import { openStoredEvents } from '../open-events.ts'
import { openStorage } from '../storage/sqlite/open-storage.ts'
import { UsageError } from './describe-error.ts'
import { type Administration, recordAdministration } from './record-administration.ts'

/** The store of a project, opened beside a gateway that may be running on it. */
export interface ProjectStore {
  readonly storage: Storage
  readonly settings: Settings
  /** Writes what was done to the events of the project; every action of administration leaves one. */
  readonly record: (events: readonly Administration[]) => Promise<void>
  /** Opens and seals secrets of the store. Rejects when its vault keys are not at hand; a running gateway is not asked. */
  readonly openVault: (options?: { readonly sealsNothing?: boolean }) => Promise<OpenedVault>
}

/** Where the embedded store of a project is, from its settings alone: its routes may have problems. */
export async function readStoreSettings(directory: string) {
  const problems = new ProblemList()
  const sources = await loadProject(directory)
  const compiled = compileSettings(sources, { mode: 'dev' }, problems)
  if (compiled === undefined) throw new ProjectError([...sources.problems, ...problems.sorted()])
  return { settings: compiled.settings, vaultSecrets: readVaultSecrets(sources.environment) }
}

/** Opens the store of the project in `directory`, runs `use` and closes it again. */
export async function withStore<T>(directory: string, use: (store: ProjectStore) => Promise<T>): Promise<T> {
  const { settings, vaultSecrets } = await readStoreSettings(directory)
  const storage = await openStorage(resolve(directory, settings.storage.directory))
  try {
    return await use({
      storage,
      settings,
      record: (actions) => recordAdministration(resolve(directory, settings.storage.directory), settings, actions),
      openVault: (options) => {
        const host = {
          secrets: vaultSecrets,
          keyFile: resolve(directory, settings.vault.keyFile),
          values: storage.sealed,
          createKeyFile: false,
          allowLoopbackHttp: true,
          warn: (message: string) => process.stderr.write(`sallyport: ${message}\n`),
        }
        return openVault(settings.vault, host, options)
      },
    })
  } finally {
    await storage.close()
  }
}

/** Opens the events of the project in `directory` for reading. */
export async function openProjectEvents(directory: string): Promise<GatewayEventStore> {
  const { settings } = await readStoreSettings(directory)
  const storageDirectory = resolve(directory, settings.storage.directory)
  const file = join(storageDirectory, 'events.db')
  if (settings.events.store === 'sqlite' && !existsSync(file))
    throw new UsageError(`no events yet: there is no ${file}. Start the gateway first.`)
  return openStoredEvents(settings.events, storageDirectory)
}
