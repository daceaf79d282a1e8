import { formatPath, type JsonPath } from './json-path.ts'
import type { Problem } from './project.ts'
import type { SourceDocument } from './source-document.ts'

/** Collects the problems of a project. */
export class ProblemList {
  readonly #problems: Problem[] = []
  readonly #unresolved = new Set<string>()

  /** Adds problems found elsewhere. */
  add(problems: readonly Problem[]): void {
    this.#problems.push(...problems)
  }

  /** An error at the value (or property key) at `path`. Always undefined, so that a check can return it. */
  error(
    document: SourceDocument,
    path: JsonPath,
    message: string,
    remedy?: string,
    of: 'key' | 'value' = 'value',
  ): undefined {
    this.#push('error', document, path, message, remedy, of)
  }

  /** Something that does not keep the project from running. */
  warning(
    document: SourceDocument,
    path: JsonPath,
    message: string,
    remedy?: string,
    of: 'key' | 'value' = 'value',
  ): void {
    this.#push('warning', document, path, message, remedy, of)
  }

  /** An error about a variable without a value. What a schema then says about that value is not worth saying: see `isUnresolved`. */
  unresolved(document: SourceDocument, path: JsonPath, message: string, remedy: string): void {
    this.#unresolved.add(`${document.file}\0${formatPath(path)}`)
    this.error(document, path, message, remedy)
  }

  /** True when the value at `path` is only a stand-in for a variable that is not set. */
  isUnresolved(document: SourceDocument, path: JsonPath): boolean {
    return this.#unresolved.has(`${document.file}\0${formatPath(path)}`)
  }

  get hasErrors(): boolean {
    return this.#problems.some((problem) => problem.severity === 'error')
  }

  /** All problems, ordered by file, line and column. */
  sorted(): readonly Problem[] {
    return this.#problems.toSorted(
      (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.message, b.message),
    )
  }

  #push(
    severity: Problem['severity'],
    document: SourceDocument,
    path: JsonPath,
    message: string,
    remedy: string | undefined,
    of: 'key' | 'value',
  ): void {
    this.#problems.push({ severity, ...document.locate(path, of), path: formatPath(path), message, remedy })
  }
}

function compare(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
