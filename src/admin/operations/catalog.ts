import { z } from 'zod'
import { catalogEntrySchema } from '../../config/catalog-entry.ts'
import { upstreamModes } from '../../config/edit/upstream-modes.ts'
import type { OperationDeclaration } from '../operation.ts'
import { idParams } from './paging.ts'

const catalogItem = z.object({
  entry: catalogEntrySchema,
  modes: z.array(z.enum(upstreamModes)).describe('Whose credential it can see, the recommended one first.'),
  isOwn: z.boolean().describe('It is a file of the project, not one that comes with the gateway.'),
  usedBy: z.array(z.string()).describe('Virtual servers that call it.'),
})

export const listCatalog = {
  id: 'listCatalog',
  method: 'GET',
  path: '/catalog',
  tag: 'Catalog',
  role: 'viewer',
  summary: 'The curated upstreams.',
  query: z.object({ search: z.string().max(200).optional().describe('Part of id, name or summary.') }),
  answer: z.object({ items: z.array(catalogItem) }),
} as const satisfies OperationDeclaration

export const getCatalogEntry = {
  id: 'getCatalogEntry',
  method: 'GET',
  path: '/catalog/{id}',
  tag: 'Catalog',
  role: 'viewer',
  summary: 'All that is known of one curated upstream.',
  params: idParams,
  answer: catalogItem,
} as const satisfies OperationDeclaration
