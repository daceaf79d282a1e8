import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CatalogEntry, catalogEntrySchema } from '../config/catalog-entry.ts'
import { nearestName } from '../lib/nearest-name.ts'
import { UsageError } from './describe-error.ts'
import { catalogDirectory } from './package-files.ts'

/** Where a project keeps entries of its own. */
export function projectCatalogDirectory(project: string): string {
  return join(project, 'config', 'catalog')
}

/** Every curated upstream, by id, those of the project in the place of ours. Throws when a file is not as the schema says. */
export async function readCatalog(project = '.'): Promise<readonly CatalogEntry[]> {
  const [ours, own] = await Promise.all([
    readEntries(catalogDirectory()),
    readEntries(projectCatalogDirectory(project)),
  ])
  const entries = new Map([...ours, ...own].map((entry) => [entry.id, entry]))
  return [...entries.values()].toSorted((left, right) => (left.id < right.id ? -1 : 1))
}

async function readEntries(directory: string): Promise<readonly CatalogEntry[]> {
  const names = await readdir(directory).catch((): string[] => [])
  return Promise.all(names.filter((name) => name.endsWith('.json')).map((name) => readEntry(join(directory, name))))
}

async function readEntry(file: string): Promise<CatalogEntry> {
  try {
    return catalogEntrySchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    throw new UsageError(`${file} is not an entry of the catalogue: ${(error as Error).message}`)
  }
}

/** The curated upstream of this id. Throws a `UsageError` with a likely one when there is none. */
export async function findCatalogEntry(id: string, project?: string): Promise<CatalogEntry> {
  const catalog = await readCatalog(project)
  const found = catalog.find((entry) => entry.id === id)
  if (found !== undefined) return found
  const near = nearestName(
    id,
    catalog.map((entry) => entry.id),
  )
  const hint = near === undefined ? 'See: sallyport catalog list' : `Did you mean "${near}"?`
  throw new UsageError(`the catalogue has no "${id}". ${hint}`)
}
