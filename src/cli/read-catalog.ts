import type { CatalogEntry } from '../config/catalog-entry.ts'
import { readCatalog } from '../config/read-catalog.ts'
import { nearestName } from '../lib/nearest-name.ts'
import { UsageError } from './describe-error.ts'

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
