import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageDirectory } from '../lib/package-manifest.ts'
import { type CatalogEntry, catalogEntrySchema } from './catalog-entry.ts'

/** Folder of the curated upstreams that come with the gateway, one JSON file each. */
const catalogDirectory: string = join(packageDirectory, 'catalog')

/** Where a project keeps entries of its own. */
export function projectCatalogDirectory(project: string): string {
  return join(project, 'config', 'catalog')
}

/** A file that is no entry of the catalogue. */
class CatalogError extends Error {
  override readonly name = 'CatalogError'
}

/** Every curated upstream, by id, those of the project in the place of ours. Throws a `CatalogError` when a file is not as the schema says. */
export async function readCatalog(project = '.'): Promise<readonly CatalogEntry[]> {
  const entries = await readCatalogFiles(project)
  return entries.map(({ entry }) => entry)
}

/** The same, with whose entry it is. */
export async function readCatalogFiles(
  project: string,
): Promise<readonly { readonly entry: CatalogEntry; readonly isOwn: boolean }[]> {
  const [ours, own] = await Promise.all([readEntries(catalogDirectory), readEntries(projectCatalogDirectory(project))])
  const found = [...ours.map((entry) => ({ entry, isOwn: false })), ...own.map((entry) => ({ entry, isOwn: true }))]
  const entries = new Map(found.map((each) => [each.entry.id, each]))
  return [...entries.values()].toSorted((left, right) => (left.entry.id < right.entry.id ? -1 : 1))
}

async function readEntries(directory: string): Promise<readonly CatalogEntry[]> {
  const names = await readdir(directory).catch((): string[] => [])
  return Promise.all(names.filter((name) => name.endsWith('.json')).map((name) => readEntry(join(directory, name))))
}

async function readEntry(file: string): Promise<CatalogEntry> {
  try {
    return catalogEntrySchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    throw new CatalogError(`${file} is not an entry of the catalogue: ${(error as Error).message}`)
  }
}
