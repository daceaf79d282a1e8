import {
  keepPreviousData,
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import type { OperationId, OperationResult } from '../../../src/admin/api-types.ts'
import { type AdminInput, callAdmin } from './call-admin.ts'

interface ReadOptions {
  /** Asks again after so long, while the page is visible. Milliseconds. */
  readonly refreshMs?: number
  readonly enabled?: boolean
}

/** Reads by an operation of the admin API. What was read last stays on screen while the next answer is under way. */
export function useAdmin<Id extends OperationId>(
  id: Id,
  input: AdminInput<Id>,
  { refreshMs, enabled = true }: ReadOptions = {},
): UseQueryResult<OperationResult<Id>, Error> {
  return useQuery({
    queryKey: [id, input],
    queryFn: ({ signal }) => callAdmin(id, { ...input, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: refreshMs ?? false,
    enabled,
  })
}

/** Changes something by an operation; afterwards what is read by the `touched` operations is read again. */
export function useChange<Id extends OperationId>(
  id: Id,
  touched: readonly OperationId[],
): UseMutationResult<OperationResult<Id>, Error, AdminInput<Id>> {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (input: AdminInput<Id>) => callAdmin(id, input),
    onSuccess: () => Promise.all(touched.map((read) => queries.invalidateQueries({ queryKey: [read] }))),
  })
}
