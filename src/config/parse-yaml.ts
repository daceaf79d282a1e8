import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, parseDocument } from 'yaml'
import type { JsonPath } from './json-path.ts'
import { brokenText } from './parse-jsonc.ts'
import type { ParsedText } from './source-document.ts'

/** Parses one YAML document. Never throws; stops alias bombs. */
export function parseYaml(text: string): ParsedText {
  try {
    const document = parseDocument(text, { uniqueKeys: true, prettyErrors: false })
    const problems = document.errors.map((error) => ({ offset: error.pos[0], path: [], message: error.message }))
    const value: unknown = problems.length > 0 ? undefined : toPlainValue(document)
    if (problems.length === 0 && value === null) return brokenText('the file is empty')
    return { value, problems, offsetOf: (path, of) => offsetOf(document, path, of) }
  } catch (error) {
    return brokenText(error instanceof RangeError ? 'the nesting is too deep' : (error as Error).message)
  }
}

// Through JSON, so that dates, binary and `__proto__` cannot make anything but plain JSON values.
function toPlainValue(document: Document): unknown {
  return JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 100 })) ?? 'null', (key, value: unknown) =>
    key === '__proto__' ? undefined : value,
  )
}

function offsetOf(document: Document, path: JsonPath, of: 'key' | 'value'): number | undefined {
  let node = resolve(document, document.contents)
  let keyOffset: number | undefined
  for (const segment of path) {
    const step = childOf(node, segment)
    if (step === undefined) return undefined
    keyOffset = step.key?.range?.[0]
    node = resolve(document, step.value)
  }
  return of === 'key' && keyOffset !== undefined ? keyOffset : (node?.range?.[0] ?? keyOffset)
}

function childOf(node: unknown, segment: string | number): { key?: Node; value: unknown } | undefined {
  if (isSeq(node))
    return typeof segment === 'number' && segment < node.items.length ? { value: node.items[segment] } : undefined
  if (!isMap(node)) return undefined
  for (const pair of node.items) {
    if (isPair(pair) && isScalar(pair.key) && String(pair.key.value) === String(segment)) {
      return { key: pair.key, value: pair.value }
    }
  }
  return undefined
}

function resolve(document: Document, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document)
  return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined
}
