/** JSON with the members of every object in the order of their names, so that equal values are equal texts. Only for parsed JSON. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sortMembers(value))
}

/** The same value with the members of every object in the order of their names. */
export function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1))
  // By definition, as JSON.parse does it: `__proto__` is a member like any other.
  return Object.fromEntries(entries.map(([name, member]) => [name, sortMembers(member)] as const))
}
