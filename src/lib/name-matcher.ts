/** Says whether a name is in a list. */
export type NameMatcher = (name: string) => boolean

/** True when `*` makes a pattern stand for many names. */
export function isGlob(pattern: string): boolean {
  return pattern.includes('*')
}

/** Matches names against exact names and `*` globs, case-sensitively. Exact names cost one look-up, however many there are. */
export function compileNames(patterns: readonly string[]): NameMatcher {
  const exact = new Set(patterns)
  const globs = patterns.filter(isGlob).map(compileGlob)
  if (globs.length === 0) return (name) => exact.has(name)
  return (name) => exact.has(name) || globs.some((matches) => matches(name))
}

/**
 * `*` stands for any characters, also none; everything else for itself. The parts between stars are found left to right,
 * each at its first place, so no input makes it try again.
 */
function compileGlob(glob: string): NameMatcher {
  const parts = glob.split('*')
  const prefix = parts[0] ?? ''
  const suffix = parts.at(-1) ?? ''
  const middle = parts.slice(1, -1).filter((part) => part !== '')
  const shortest = parts.reduce((length, part) => length + part.length, 0)
  return (name) => {
    if (name.length < shortest || !name.startsWith(prefix) || !name.endsWith(suffix)) return false
    const end = name.length - suffix.length
    let position = prefix.length
    for (const part of middle) {
      const found = name.indexOf(part, position)
      if (found === -1 || found + part.length > end) return false
      position = found + part.length
    }
    return true
  }
}
