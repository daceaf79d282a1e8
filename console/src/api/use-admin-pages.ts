import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { OperationId, OperationResult } from '../../../src/admin/api-types.ts'
import { type AdminInput, callAdmin } from './call-admin.ts'

/** Operations that answer in pages. */
export type PagedOperation = {
  [Id in OperationId]: OperationResult<Id> extends { items: unknown[]; nextCursor: string | null } ? Id : never
}[OperationId]

/** One entry of the list that an operation answers. */
export type ItemOf<Id extends OperationId> = OperationResult<Id> extends { items: (infer Item)[] } ? Item : never

interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextCursor: string | null
}

/** What was read of a list so far, and how to read on. */
export interface Pages<Item> {
  /** Undefined: the first page is under way. */
  readonly items: readonly Item[] | undefined
  readonly error: Error | null
  readonly hasMore: boolean
  readonly isReadingMore: boolean
  readonly readMore: () => void
  readonly retry: () => void
}

/** Reads a list page by page. */
export function useAdminPages<Id extends PagedOperation>(
  id: Id,
  input: AdminInput<Id>,
  { refreshMs, enabled = true }: { readonly refreshMs?: number; readonly enabled?: boolean } = {},
): Pages<ItemOf<Id>> {
  const pages = useInfiniteQuery({
    queryKey: [id, input, 'pages'],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ signal, pageParam }) => {
      const { query } = input as { readonly query?: object }
      const paged = { ...input, query: { ...query, cursor: pageParam }, signal } as unknown as AdminInput<Id>
      return (await callAdmin(id, paged)) as unknown as Page<ItemOf<Id>>
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: refreshMs ?? false,
    enabled,
  })
  const items = useMemo(() => pages.data?.pages.flatMap((page) => page.items), [pages.data])
  return {
    items,
    error: pages.error,
    hasMore: pages.hasNextPage,
    isReadingMore: pages.isFetchingNextPage,
    readMore: () => void pages.fetchNextPage(),
    retry: () => void pages.refetch(),
  }
}
