import { type Node, parseTree } from 'jsonc-parser'
import type { JsonPath } from '../json-path.ts'

/** A text and where it is in the document. */
export interface PlacedText {
  readonly path: JsonPath
  readonly text: string
}

/** One text value of a file. Offsets count UTF-16 units. */
export interface TextValue extends PlacedText {
  readonly offset: number
  readonly length: number
}

/** Every text value of a file, in the order of the file. Of a broken file those that can be told apart. */
export async function listTexts(file: string, text: string): Promise<readonly TextValue[]> {
  if (/\.ya?ml$/.test(file)) return listYamlTexts(text)
  const root = parseTree(text, [], { allowTrailingComma: true })
  return root === undefined ? [] : listJsonTexts(root, [])
}

/** Every text of the document in each place where it counts: an alias of YAML takes a text to places where it is not written. */
export async function listPlacedTexts(file: string, text: string): Promise<readonly PlacedText[]> {
  if (!/\.ya?ml$/.test(file)) return listTexts(file, text)
  const { parseYaml } = await import('../parse-yaml.ts')
  const { value, problems } = parseYaml(text)
  return problems.length > 0 ? listTexts(file, text) : listValues(value, [])
}

function listValues(value: unknown, path: JsonPath): PlacedText[] {
  if (typeof value === 'string') return [{ path, text: value }]
  if (typeof value !== 'object' || value === null) return []
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return members.flatMap(([name, member]: [string | number, unknown]) => listValues(member, [...path, name]))
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
