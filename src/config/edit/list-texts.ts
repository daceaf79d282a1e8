import { type Node, parseTree } from 'jsonc-parser'
import type { JsonPath } from '../json-path.ts'

/** One text value of a file. Offsets count UTF-16 units. */
export interface TextValue {
  readonly path: JsonPath
  readonly text: string
  readonly offset: number
  readonly length: number
}

/** Every text value of a file, in the order of the file. Of a broken file those that can be told apart. */
export async function listTexts(file: string, text: string): Promise<readonly TextValue[]> {
  if (/\.ya?ml$/.test(file)) return listYamlTexts(text)
  const root = parseTree(text, [], { allowTrailingComma: true })
  return root === undefined ? [] : listJsonTexts(root, [])
}

function listJsonTexts(node: Node, path: JsonPath): TextValue[] {
  const { type, children = [], offset, length } = node
  if (type === 'string') return [{ path, text: String(node.value), offset, length }]
  if (type === 'array') return children.flatMap((child, index) => listJsonTexts(child, [...path, index]))
  return children.flatMap(({ children: [name, value] = [] }) =>
    name === undefined || value === undefined ? [] : listJsonTexts(value, [...path, String(name.value)]),
  )
}

async function listYamlTexts(text: string): Promise<readonly TextValue[]> {
  const { isMap, isScalar, isSeq, parseDocument } = await import('yaml')
  const list = (node: unknown, path: JsonPath): TextValue[] => {
    if (isSeq(node)) return node.items.flatMap((item, index) => list(item, [...path, index]))
    if (isMap(node))
      return node.items.flatMap(({ key, value }) => list(value, [...path, String(isScalar(key) ? key.value : key)]))
    if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return []
    const [offset, end] = node.range
    return [{ path, text: node.value, offset, length: end - offset }]
  }
  return list(parseDocument(text).contents, [])
}
