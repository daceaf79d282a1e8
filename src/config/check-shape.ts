import type { core, ZodType } from 'zod'
import { isJsonObject } from '../lib/json.ts'
import { nearestName } from '../lib/nearest-name.ts'
import { type JsonPath, valueAt } from './json-path.ts'
import type { ProblemList } from './problem-list.ts'
import { memberNames } from './schema-members.ts'
import type { SourceDocument } from './source-document.ts'

/** What a schema says about a value of a project file. */
export interface ShapeCheck {
  readonly document: SourceDocument
  /** Where the value stands in the document. */
  readonly path: JsonPath
  /** Checked instead of what stands there, e.g. after substitution of variables. */
  readonly value: unknown
  readonly problems: ProblemList
}

/** The parsed value, or undefined after everything the schema dislikes was reported at its place. */
export function checkShape<Output>(schema: ZodType<Output>, check: ShapeCheck): Output | undefined {
  const result = schema.safeParse(check.value)
  if (result.success) return result.data
  for (const issue of result.error.issues) reportIssue(issue, schema, check, [])
  return undefined
}

function reportIssue(issue: core.$ZodIssue, schema: ZodType, check: ShapeCheck, above: JsonPath): void {
  const inside: JsonPath = [
    ...above,
    ...issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment))),
  ]
  const path = [...check.path, ...inside]
  if (check.problems.isUnresolved(check.document, path)) return
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) reportUnknownKey(key, path, memberNames(schema, inside), check)
  } else if (issue.code === 'invalid_union' && issue.errors.some((branch) => branch.length > 0)) {
    for (const inner of likeliestBranch(issue.errors)) reportIssue(inner, schema, check, inside)
  } else {
    reportValue(issue, valueAt(check.value, inside), path, check)
  }
}

function reportUnknownKey(
  key: string,
  path: JsonPath,
  known: readonly string[],
  { document, problems }: ShapeCheck,
): void {
  const nearest = nearestName(key, known)
  const list = known.length > 0 ? `Known here: ${known.join(', ')}.` : undefined
  problems.error(document, [...path, key], `"${key}" is not known here`, nearest ? `Write "${nearest}".` : list, 'key')
}

function reportValue(issue: core.$ZodIssue, value: unknown, path: JsonPath, { document, problems }: ShapeCheck): void {
  if (value === undefined && issue.code !== 'custom') {
    const remedy = `Add ${describeExpected(issue)}.`
    if (path.length === 0) problems.error(document, path, 'the file has no content', remedy)
    else problems.error(document, path, `"${path.at(-1)}" is required`, remedy)
    return
  }
  if (issue.code === 'invalid_type') {
    // Only a number where a number is wanted is repeated: any other value may be a secret in the wrong place.
    const actual = issue.expected === 'int' && typeof value === 'number' ? String(value) : describeKind(value)
    problems.error(document, path, `must be ${article(issue.expected)}, not ${actual}`)
  } else if (issue.code === 'invalid_value') {
    const names = issue.values.map((name) => (typeof name === 'string' ? `"${name}"` : String(name)))
    const strings = issue.values.filter((name) => typeof name === 'string')
    const nearest = typeof value === 'string' ? nearestName(value, strings) : undefined
    problems.error(document, path, `must be ${names.join(' or ')}`, nearest && `Write "${nearest}".`)
  } else {
    problems.error(document, path, issue.code === 'custom' ? issue.message : describeConstraint(issue))
  }
}

/** Of the failed alternatives, the one that got closest: fewest issues that are about the kind of the value itself. */
function likeliestBranch(branches: readonly (readonly core.$ZodIssue[])[]): readonly core.$ZodIssue[] {
  const misses = (issues: readonly core.$ZodIssue[]) =>
    issues.reduce((sum, issue) => sum + (issue.path.length === 0 && issue.code !== 'unrecognized_keys' ? 100 : 1), 0)
  const [first = [], ...rest] = branches
  return rest.reduce((best, branch) => (misses(branch) < misses(best) ? branch : best), first)
}

function describeConstraint(issue: core.$ZodIssue): string {
  if (issue.code === 'too_small')
    return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${measure(issue.minimum, issue.origin)}`
  if (issue.code === 'too_big')
    return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${measure(issue.maximum, issue.origin)}`
  if (issue.code === 'invalid_format' && issue.format === 'url') return 'must be an http or https URL'
  return issue.message.replace(/^Invalid string: /, '').replace(/^Invalid /, 'invalid ')
}

function measure(limit: number | bigint, origin: string): string {
  if (origin === 'string') return `${limit} characters long`
  if (origin === 'array' || origin === 'set') return `${limit} entries long`
  return String(limit)
}

function describeExpected(issue: core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return article(issue.expected)
  if (issue.code === 'invalid_value') return issue.values.map((value) => JSON.stringify(value)).join(' or ')
  return 'it'
}

function describeKind(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (isJsonObject(value)) return 'an object'
  return article(typeof value)
}

function article(kind: string): string {
  if (kind === 'int') return 'a whole number'
  if (kind === 'array') return 'a list'
  if (kind === 'record') return 'an object'
  return `${/^[aeio]/.test(kind) ? 'an' : 'a'} ${kind}`
}
