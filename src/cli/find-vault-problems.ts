import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Problem } from '../config/project.ts'
import type { SqlRow } from '../contracts/sql-database.ts'
import type { SealedValues } from '../contracts/storage.ts'
import { openVault } from '../credentials/open-vault.ts'
import { openDatabase } from '../storage/sqlite/open-database.ts'
import { readStoreSettings } from './open-store.ts'

/** What `start` would say of the vault keys of a project, against the store if there is one. Changes nothing, calls key services. */
export async function findVaultProblems(directory: string): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  const add = (severity: Problem['severity'], message: string) =>
    problems.push({
      severity,
      file: 'sallyport.jsonc',
      line: 1,
      column: 1,
      path: 'vault',
      message,
      remedy: severity === 'error' ? 'See docs/operations/vault.md.' : undefined,
    })
  const { settings, vaultSecrets } = await readStoreSettings(directory)
  const values = copyValues(join(resolve(directory, settings.storage.directory), 'sallyport.db'))
  const host = {
    secrets: vaultSecrets,
    keyFile: resolve(directory, settings.vault.keyFile),
    values,
    createKeyFile: false,
    allowLoopbackHttp: false,
    warn: (message: string) => add('warning', message),
  }
  try {
    await openVault(settings.vault, host, { sealsNothing: true })
  } catch (error) {
    add('error', error instanceof Error ? error.message : String(error))
  }
  return problems
}

/** A copy of the sealed values of a store: what a provider or the check would write goes nowhere. */
function copyValues(path: string): SealedValues {
  const copy = new Map(readRows(path).map(({ name, sealed }) => [String(name), String(sealed)]))
  return {
    get: async (name) => copy.get(name),
    async putIfAbsent(name, sealed) {
      if (!copy.has(name)) copy.set(name, sealed)
      return copy.get(name) ?? sealed
    },
    async replace(name, expected, sealed) {
      const isSame = copy.get(name) === expected
      if (isSame) copy.set(name, sealed)
      return isSame
    },
    list: async () => [...copy].map(([name, sealed]) => ({ name, sealed })),
    remove: async (name, expected) => copy.get(name) === expected && copy.delete(name),
  }
}

function readRows(path: string): readonly SqlRow[] {
  if (!existsSync(path)) return []
  const database = openDatabase(path, { readOnly: true })
  try {
    // A file that no gateway wrote to yet has no table.
    const table = database.prepare("select 1 from sqlite_schema where name = 'sealed_values'").get()
    return table === undefined ? [] : database.prepare('select name, sealed from sealed_values').all()
  } finally {
    database.close()
  }
}
