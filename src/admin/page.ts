import { GatewayError } from '../errors/gateway-error.ts'

/** Where a page begins and how long it is. */
export interface PageRequest {
  readonly cursor?: string | undefined
  readonly limit: number
}

/** One page. */
export interface Page<Item> {
  readonly items: Item[]
  readonly nextCursor: string | null
}

/**
 * A page of what is in memory, the newest first. The cursor says when and what was last, not how many were before: what is added or removed
 * meanwhile makes no entry come twice or be left out.
 */
export function pageByTime<Item>(
  items: readonly Item[],
  { cursor, limit }: PageRequest,
  placeOf: (item: Item) => { readonly timeMs: number | undefined; readonly id: string },
): Page<Item> {
  const keyed = items.map((item) => ({ item, key: keyOf(placeOf(item)) })).sort((a, b) => (a.key < b.key ? 1 : -1))
  const after = cursor === undefined ? undefined : readCursor(cursor)
  const left = after === undefined ? keyed : keyed.filter(({ key }) => key < after)
  const page = left.slice(0, limit)
  const last = left.length > limit ? page.at(-1) : undefined
  return { items: page.map(({ item }) => item), nextCursor: last ? makeCursor(last.key) : null }
}

/** A cursor for a text that says where a page ended. */
export function makeCursor(place: string): string {
  return Buffer.from(place).toString('base64url')
}

/** The text in a cursor. Throws `admin_request_invalid` for what `makeCursor` did not make. */
export function readCursor(cursor: string): string {
  const place = Buffer.from(cursor, 'base64url').toString()
  if (place === '' || makeCursor(place) !== cursor)
    throw new GatewayError('admin_request_invalid', { message: 'The cursor is not one of this API.' })
  return place
}

const widestTime = 16

function keyOf({ timeMs = 0, id }: { readonly timeMs: number | undefined; readonly id: string }): string {
  return `${String(Math.trunc(timeMs)).padStart(widestTime, '0')} ${id}`
}
