import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CatalogEntry, catalogEntrySchema } from '../config/catalog-entry.ts'
import { nearestName } from '../lib/nearest-name.ts'
import { UsageError } from './describe-error.ts'
import { catalogDirectory } from './package-files.ts'

/** Every curated upstream, by id. Throws when a file is not as the schema says. */
export async function readCatalog(directory: string = catalogDirectory()): Promise<readonly CatalogEntry[]> {
  const files = (await readdir(directory)).filter((name) => name.endsWith('.json')).toSorted()
  return Promise.all(
    files.map(async (file) => catalogEntrySchema.parse(JSON.parse(await readFile(join(directory, file), 'utf8')))),
  )
}

/** The curated upstream of this id. Throws a `UsageError` with a likely one when there is none. */
export async function findCatalogEntry(id: string): Promise<CatalogEntry> {
  const catalog = await readCatalog()
  const found = catalog.find((entry) => entry.id === id)
  if (found !== undefined) return found
  const near = nearestName(
    id,
    catalog.map((entry) => entry.id),
  )
  const hint = near === undefined ? 'See: sallyport catalog list' : `Did you mean "${near}"?`
  throw new UsageError(`the catalogue has no "${id}". ${hint}`)
}
