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

const quote = 0x22
const backslash = 0x5c

/**
 * Brackets and braces in the bytes of a JSON text are nested at most `limit` deep. Found without parsing, because parsing and
 * writing what is nested a million deep takes seconds, or the stack.
 */
export function isNestingWithin(bytes: Buffer, limit: number): boolean {
  // Each level takes two bytes at least.
  if (bytes.length <= 2 * limit) return true
  let depth = 0
  let inString = false
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]
    if (inString) {
      if (byte === backslash) index++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > limit) return false
    } else if (byte === 0x5d || byte === 0x7d) depth--
  }
  return true
}
