import { z } from 'zod'

/** Most entries on one page. */
const largestPage = 500

/** Members of the query of every list. */
export const pageQuery = {
  cursor: z.string().max(512).optional().describe('`nextCursor` of the page before. Absent: the first page.'),
  limit: z.coerce.number().int().min(1).max(largestPage).default(50).describe('Most entries of the page.'),
}

/** One page of a list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().describe('`cursor` of the next page; null: this was the last one.'),
  })

/** A time as people and programs read it. */
export const time = z.iso.datetime().describe('RFC 3339.')

/** `{id}` in a path. */
export const idParams = z.object({ id: z.string().min(1).max(512) })

/** Only what belongs to this tenant. */
export const tenantFilter = z.string().min(1).max(63).optional().describe('Only what belongs to this tenant.')
