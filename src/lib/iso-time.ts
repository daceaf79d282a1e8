/** RFC 3339 in UTC; null where there is no time. Milliseconds since the epoch. */
export function toIsoTime(milliseconds: number): string
export function toIsoTime(milliseconds: number | undefined): string | null
export function toIsoTime(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString()
}
