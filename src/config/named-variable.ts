import type { JsonPath } from './json-path.ts'

/** A variable of the environment, and the value that names it. */
export interface NamedVariable {
  readonly name: string
  readonly path: JsonPath
}

/** The same with paths that start at `root`. */
export function pathsFrom(root: JsonPath, named: readonly NamedVariable[]): readonly NamedVariable[] {
  return named.map(({ name, path }) => ({ name, path: path.slice(root.length) }))
}
