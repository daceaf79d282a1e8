/** Nesting depth of a JSON value is at most `limit`. Iterative: a hostile value must not exhaust the stack. */
export function isDepthWithin(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  let level: object[] = [value]
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > limit) return false
    const next: object[] = []
    for (const item of level) {
      for (const child of Object.values(item)) {
        if (typeof child === 'object' && child !== null) next.push(child)
      }
    }
    level = next
  }
  return true
}
