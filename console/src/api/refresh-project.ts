import type { QueryClient } from '@tanstack/react-query'
import type { OperationId } from '../../../src/admin/api-types.ts'

/** What was worked out from the files as they were. Whoever needs it asks again; it is not asked again by itself. */
const plans: ReadonlySet<unknown> = new Set<OperationId>([
  'diffConfig',
  'validateConfig',
  'previewRollback',
  'planVirtualServer',
  'planSwitch',
  'planRemoval',
])

/** After a change of the files the whole project may be another one: everything on screen is read again. */
export function refreshProject(queries: QueryClient): void {
  queries.removeQueries({ type: 'inactive', predicate: ({ queryKey }) => plans.has(queryKey[0]) })
  void queries.invalidateQueries({ predicate: ({ queryKey }) => !plans.has(queryKey[0]) })
}
