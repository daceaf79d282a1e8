import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import type { JsonPath } from './json-path.ts'
import type { ParsedText, SyntaxProblem } from './source-document.ts'

const messages: { readonly [code: string]: string } = {
  InvalidSymbol: 'this is not JSON',
  InvalidNumberFormat: 'this is not a number',
  PropertyNameExpected: 'a property name in double quotes is expected here',
  ValueExpected: 'a value is expected here',
  ColonExpected: 'a colon is expected here',
  CommaExpected: 'a comma is expected here',
  CloseBraceExpected: 'a closing brace } is missing',
  CloseBracketExpected: 'a closing bracket ] is missing',
  EndOfFileExpected: 'the file should end here',
  InvalidCommentToken: 'this comment is not closed',
  UnexpectedEndOfComment: 'this comment is not closed',
  UnexpectedEndOfString: 'this string is not closed',
  UnexpectedEndOfNumber: 'this number is not complete',
  InvalidUnicode: 'this is not a unicode escape',
  InvalidEscapeCharacter: 'this is not an escape that JSON knows',
  InvalidCharacter: 'this character must be escaped',
}

/** Parses JSON with comments and trailing commas. Never throws; reports every syntax error and every repeated property. */
export function parseJsonc(text: string): ParsedText {
  const errors: ParseError[] = []
  const problems: SyntaxProblem[] = []
  let root: Node | undefined
  let value: unknown
  try {
    root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true })
    value = root && toValue(root, [], problems)
  } catch {
    return brokenText('the nesting is too deep')
  }
  for (const { error, offset } of errors) {
    const code = printParseErrorCode(error)
    problems.push({ offset, path: [], message: messages[code] ?? code })
  }
  if (root === undefined && problems.length === 0) return brokenText('the file is empty')
  return { value, problems, offsetOf: (path, of) => root && offsetOf(root, path, of) }
}

/** Text that yields nothing but one problem at its start. */
export function brokenText(message: string): ParsedText {
  return { value: undefined, problems: [{ offset: 0, path: [], message }], offsetOf: () => undefined }
}

function offsetOf(root: Node, path: JsonPath, of: 'key' | 'value'): number | undefined {
  const node = findNodeAtLocation(root, [...path])
  if (of === 'key' && node?.parent?.type === 'property') return node.parent.offset
  return node?.offset
}

function toValue(node: Node, path: JsonPath, problems: SyntaxProblem[]): unknown {
  if (node.type === 'array')
    return (node.children ?? []).map((child, index) => toValue(child, [...path, index], problems))
  if (node.type !== 'object') return node.value
  const object: { [key: string]: unknown } = {}
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? []
    if (key === undefined || value === undefined) continue
    const name = String(key.value)
    const memberPath = [...path, name]
    if (name === '__proto__') {
      problems.push({ offset: key.offset, path: memberPath, message: 'this property name is not allowed' })
    } else {
      if (Object.hasOwn(object, name)) {
        problems.push({ offset: key.offset, path: memberPath, message: `"${name}" is given twice` })
      }
      object[name] = toValue(value, memberPath, problems)
    }
  }
  return object
}
