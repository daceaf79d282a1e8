/** What people call an upstream: the host of its URL, or the whole of one that has none (`stdio:tracker`). */
export function upstreamName(url: string): string {
  return new URL(url).host || url
}
