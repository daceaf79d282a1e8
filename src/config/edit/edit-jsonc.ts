import {
  applyEdits,
  createScanner,
  type Edit,
  findNodeAtLocation,
  type Node,
  parseTree,
  type SyntaxKind,
} from 'jsonc-parser'
import type { JsonPath } from '../json-path.ts'
import { EditError } from './edit-error.ts'

// Numbers of the scanner: its enumeration is not there at run time for code that keeps types out.
const comma: SyntaxKind = 5
const lineComment: SyntaxKind = 12
const blockComment: SyntaxKind = 13
const lineBreak: SyntaxKind = 14
const blank: SyntaxKind = 15
const endOfFile: SyntaxKind = 17

/** Replaces the value at `path`, or adds it, with the objects that lead there. Nothing else of the text changes. */
export function setInJsonc(text: string, path: JsonPath, value: unknown): string {
  const root = rootOf(text)
  const existing = findNodeAtLocation(root, [...path])
  if (existing !== undefined) {
    const content = render(value, text, indentOfLine(text, existing.offset))
    return applyEdits(text, [{ offset: existing.offset, length: existing.length, content }])
  }
  const { parent, rest } = nearestParent(root, path)
  const [name, ...inner] = rest
  if (parent.type === 'array') throw new EditError(`there is no entry ${String(name)} at ${path.join('/')}`)
  const member = inner.reduceRight<unknown>((built, segment) => {
    if (typeof segment === 'number') throw new EditError(`there is no list at ${path.join('/')}`)
    return { [segment]: built }
  }, value)
  const head = `${JSON.stringify(String(name))}: `
  return insertAfter(text, parent, parent.children?.length ?? 0, (indent) => head + render(member, text, indent))
}

/** Puts a value into the list at `path`, in front of the entry that is at `index` now; undefined: at the end. */
export function insertInJsonc(text: string, path: JsonPath, index: number | undefined, value: unknown): string {
  const root = rootOf(text)
  const list = path.length === 0 ? root : findNodeAtLocation(root, [...path])
  if (list === undefined && index === undefined) return setInJsonc(text, path, [value])
  if (list?.type !== 'array') throw new EditError(`there is no list at ${path.join('/')}`)
  const count = list.children?.length ?? 0
  if (index !== undefined && index > count) throw new EditError(`the list at ${path.join('/')} has ${count} entries`)
  return insertAfter(text, list, index ?? count, (indent) => render(value, text, indent))
}

/** Removes the member or entry at `path`, with its comma and, if nothing else is on them, its lines. Comments stay. */
export function removeFromJsonc(text: string, path: JsonPath): string {
  const found = findNodeAtLocation(rootOf(text), [...path])
  if (found?.parent === undefined) throw new EditError(`there is nothing at ${path.join('/')}`)
  const node = found.parent.type === 'property' ? found.parent : found
  const siblings = node.parent?.children ?? []
  const at = siblings.indexOf(node)
  const previous = siblings[at - 1]
  const own = findComma(text, endOf(node))
  if (own !== undefined) return applyEdits(text, removeWithComma(text, node, own))
  // Without a comma of its own, the one in front of it would be left over.
  const before = previous && findComma(text, endOf(previous))
  if (before === undefined) return applyEdits(text, removeRange(text, node.offset, endOf(node)))
  if (/^,[^\S\n]*$/.test(text.slice(before, node.offset)))
    return applyEdits(text, [{ offset: before, length: endOf(node) - before, content: '' }])
  return applyEdits(text, [{ offset: before, length: 1, content: '' }, ...removeRange(text, node.offset, endOf(node))])
}

function removeWithComma(text: string, node: Node, own: number): Edit[] {
  if (text.slice(endOf(node), own).trim() === '') return removeRange(text, node.offset, own + 1)
  // A comment stands between the value and its comma.
  return [
    { offset: node.offset, length: node.length, content: '' },
    { offset: own, length: 1, content: '' },
  ]
}

/** With its line where nothing else is on it, else with the blanks that follow. */
function removeRange(text: string, start: number, end: number): Edit[] {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  const nextBreak = text.indexOf('\n', end)
  const isAlone =
    text.slice(lineStart, start).trim() === '' && nextBreak !== -1 && text.slice(end, nextBreak).trim() === ''
  if (isAlone) return [{ offset: lineStart, length: nextBreak + 1 - lineStart, content: '' }]
  const blanks = /^[^\S\r\n]*/.exec(text.slice(end))?.[0].length ?? 0
  return [{ offset: start, length: end - start + blanks, content: '' }]
}

/** Adds a child behind the first `count` ones: behind their comma, and behind a comment that is about the last of them. */
function insertAfter(text: string, parent: Node, count: number, renderChild: (indent: string) => string): string {
  const children = parent.children ?? []
  const eol = eolOf(text)
  const closing = endOf(parent) - 1
  const isInline = !text.slice(parent.offset, endOf(parent)).includes('\n') && children.length > 0
  const outer = indentOfLine(text, parent.offset)
  const first = children[0]
  const indent = isInline
    ? outer
    : first && startsLine(text, first.offset)
      ? indentOfLine(text, first.offset)
      : outer + unitOf(text)
  const previous = children[count - 1]
  const isLast = count === children.length
  const separator = previous && findComma(text, endOf(previous))
  const anchor = previous === undefined ? parent.offset + 1 : separator === undefined ? endOf(previous) : separator + 1
  const position = isInline ? anchor : skipOwnComment(text, anchor, closing)
  const child = renderChild(indent)
  const hasTrailingComma = isLast && separator !== undefined
  const comesBefore = !isLast || hasTrailingComma
  const edits: Edit[] = []
  if (previous !== undefined && separator === undefined)
    edits.push({ offset: endOf(previous), length: 0, content: ',' })
  const lead = isInline ? (previous === undefined ? '' : ' ') : eol + indent
  // What follows on the same line goes to a line of its own.
  const rest = text.slice(position, closing + 1)
  const closesHere = !isInline && isLast && !/^[^\S\n]*\r?\n/.test(rest)
  const tail = closesHere ? eol + outer : isInline && previous === undefined && !isLast ? ' ' : ''
  const drop = closesHere ? (/^\s*/.exec(rest)?.[0].length ?? 0) : 0
  edits.push({ offset: position, length: drop, content: lead + child + (comesBefore ? ',' : '') + tail })
  return applyEdits(text, edits)
}

/** Behind a comment on the same line, which belongs to what stands in front of it. */
function skipOwnComment(text: string, from: number, limit: number): number {
  const scanner = createScanner(text, false)
  scanner.setPosition(from)
  let position = from
  for (let kind = scanner.scan(); scanner.getTokenOffset() < limit; kind = scanner.scan()) {
    if (kind === lineComment || kind === blockComment) position = scanner.getTokenOffset() + scanner.getTokenLength()
    else if (kind !== blank) break
    if (text.slice(from, position).includes('\n')) return from
  }
  return position
}

/** Offset of the comma that follows, with nothing but blanks and comments before it. */
function findComma(text: string, from: number): number | undefined {
  const scanner = createScanner(text, false)
  scanner.setPosition(from)
  for (let kind = scanner.scan(); kind !== endOfFile; kind = scanner.scan()) {
    if (kind === comma) return scanner.getTokenOffset()
    if (kind !== lineComment && kind !== blockComment && kind !== lineBreak && kind !== blank) return undefined
  }
  return undefined
}

function rootOf(text: string): Node {
  const errors: unknown[] = []
  const root = parseTree(text, errors as Parameters<typeof parseTree>[1], { allowTrailingComma: true })
  if (root === undefined || errors.length > 0) throw new EditError('the file is not JSON: correct it first')
  return root
}

function nearestParent(root: Node, path: JsonPath): { parent: Node; rest: JsonPath } {
  for (let length = path.length - 1; length >= 0; length--) {
    const parent = length === 0 ? root : findNodeAtLocation(root, path.slice(0, length))
    if (parent === undefined) continue
    if (parent.type === 'object' || parent.type === 'array') return { parent, rest: path.slice(length) }
    break
  }
  throw new EditError(`there is no object at ${path.slice(0, -1).join('/')}`)
}

/** Short values on one line, others as `JSON.stringify` writes them, below the given indentation. */
function render(value: unknown, text: string, indent: string): string {
  const content = JSON.stringify(value, undefined, unitOf(text))
  return content.replaceAll('\n', eolOf(text) + indent)
}

function endOf({ offset, length }: Node): number {
  return offset + length
}

function startsLine(text: string, offset: number): boolean {
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset).trim() === ''
}

function indentOfLine(text: string, offset: number): string {
  return /^[^\S\r\n]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? ''
}

/** What the file indents by. */
function unitOf(text: string): string {
  return /^(\t| +)\S/m.exec(text)?.[1] ?? '  '
}

function eolOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n'
}
