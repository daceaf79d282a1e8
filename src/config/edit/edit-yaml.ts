import { type Document, isSeq, parseDocument } from 'yaml'
import type { JsonPath } from '../json-path.ts'
import { EditError } from './edit-error.ts'
import { mergeLines } from './merge-lines.ts'

/** Replaces the value at `path`, or adds it. */
export function setInYaml(text: string, path: JsonPath, value: unknown): string {
  return editDocument(text, (document) => document.setIn(keysOf(document, path), document.createNode(value)))
}

/** Puts a value into the list at `path`, in front of the entry that is at `index` now; undefined: at the end. */
export function insertInYaml(text: string, path: JsonPath, index: number | undefined, value: unknown): string {
  return editDocument(text, (document) => {
    const keys = keysOf(document, path)
    const list = document.getIn(keys)
    if (list === undefined && index === undefined) return document.setIn(keys, document.createNode([value]))
    if (!isSeq(list)) throw new EditError(`there is no list at ${path.join('/')}`)
    const count = list.items.length
    if (index !== undefined && index > count) throw new EditError(`the list at ${path.join('/')} has ${count} entries`)
    list.items.splice(index ?? count, 0, document.createNode(value))
  })
}

/** Removes the member or entry at `path`. */
export function removeFromYaml(text: string, path: JsonPath): string {
  return editDocument(text, (document) => {
    if (!document.deleteIn(keysOf(document, path))) throw new EditError(`there is nothing at ${path.join('/')}`)
  })
}

/**
 * The library writes documents in its own style. What it changes of the style is taken out again: only what differs between the document in its
 * style before and after the edit is changed in the text, as far as the lines around it allow. Comments stay.
 */
function editDocument(text: string, edit: (document: Document) => void): string {
  const document = parseDocument(text)
  if (document.errors.length > 0) throw new EditError('the file is not YAML: correct it first')
  const style = { lineWidth: 0, indent: /^( +)\S/m.exec(text)?.[1]?.length ?? 2 }
  const before = document.toString(style)
  edit(document)
  const after = document.toString(style)
  if (before === text) return after
  const merged = mergeLines(before, text, after)
  return isSame(merged, after) ? merged : after
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [parseDocument(one), parseDocument(other)]
  return left.errors.length === 0 && JSON.stringify(left.toJS()) === JSON.stringify(right.toJS())
}

/** A key that looks like a number is one in YAML. */
function keysOf(document: Document, path: JsonPath): unknown[] {
  const keys: unknown[] = []
  for (const segment of path) {
    const known = document.hasIn([...keys, segment]) || typeof segment === 'number'
    const asNumber = Number(segment)
    keys.push(known || !document.hasIn([...keys, asNumber]) ? segment : asNumber)
  }
  return keys
}
