import type { Completion, CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete'
import { syntaxTree } from '@codemirror/language'
import type { EditorState } from '@codemirror/state'
import type { SyntaxNode } from '@lezer/common'
import { type JsonSchema, listSchemasAt } from './json-schema.ts'

type Path = readonly (string | number)[]

/** Offers the names of properties and the values that a schema allows where the cursor is. */
export function completeFromSchema(root: JsonSchema): CompletionSource {
  return (context) => {
    const node = syntaxTree(context.state).resolveInner(context.pos, -1)
    const word = context.matchBefore(/"?[\w$@/.-]*$/)
    if (!context.explicit && (word === null || word.from === word.to)) return null
    return isName(node) ? offerNames(root, node, context) : offerValues(root, node, context)
  }
}

/** What the schema says of the property under the pointer. */
export function describeAt(
  root: JsonSchema,
  state: EditorState,
  position: number,
): { readonly from: number; readonly to: number; readonly description: string } | undefined {
  const node = syntaxTree(state).resolveInner(position, 1)
  if (node.name !== 'PropertyName') return undefined
  const path = pathOf(node.parent, state)
  const description = listSchemasAt(root, path).find((schema) => schema.description !== undefined)?.description
  return description === undefined ? undefined : { from: node.from, to: node.to, description }
}

function isName(node: SyntaxNode): boolean {
  return node.name === 'PropertyName' || node.name === 'Object' || node.name === '{' || node.parent?.name === 'Object'
}

function offerNames(root: JsonSchema, node: SyntaxNode, context: CompletionContext): CompletionResult | null {
  const object = closest(node, 'Object')
  const schemas = listSchemasAt(root, pathOf(object, context.state))
  const place = placeOf(node, 'PropertyName', context)
  const colon = /^\s*:/.test(context.state.sliceDoc(place.to, place.to + 20)) ? '' : ': '
  const written = new Set(object?.getChildren('Property').map((property) => nameOf(property, context.state)))
  const options = schemas
    .flatMap((schema) => Object.entries(schema.properties ?? {}))
    .filter(([name]) => !written.has(name))
    .map(([name, { description }]) => toCompletion(`"${name}"`, 'property', description, `"${name}"${colon}`))
  return options.length === 0 ? null : { ...place, options: distinct(options) }
}

function offerValues(root: JsonSchema, node: SyntaxNode, context: CompletionContext): CompletionResult | null {
  const schemas = listSchemasAt(root, pathOf(node, context.state))
  const values = schemas.flatMap((schema) => [
    ...(schema.enum ?? []),
    ...(schema.const === undefined ? [] : [schema.const]),
    ...(schema.default === undefined ? [] : [schema.default]),
    ...(schema.type === 'boolean' ? [true, false] : []),
  ])
  const options = values.map((value) => toCompletion(JSON.stringify(value), 'enum'))
  return options.length === 0 ? null : { ...placeOf(node, 'String', context), options: distinct(options) }
}

/** What is replaced: the whole text in quotes, also behind the cursor; or the word before it. */
function placeOf(
  node: SyntaxNode,
  name: string,
  context: CompletionContext,
): { readonly from: number; readonly to: number } {
  if (node.name === name) return { from: node.from, to: node.to }
  return { from: context.matchBefore(/"?[\w$@/.-]*$/)?.from ?? context.pos, to: context.pos }
}

function toCompletion(label: string, type: string, info?: string, apply?: string): Completion {
  return { label, type, ...(info !== undefined && { info }), ...(apply !== undefined && { apply }) }
}

function distinct(options: readonly Completion[]): Completion[] {
  return [...new Map(options.map((option) => [option.label, option])).values()]
}

function closest(node: SyntaxNode, name: string): SyntaxNode | null {
  for (let at: SyntaxNode | null = node; at; at = at.parent) if (at.name === name) return at
  return null
}

/** Names and indexes that lead from the top of the document to a node. */
function pathOf(node: SyntaxNode | null, state: EditorState): Path {
  const path: (string | number)[] = []
  for (let at = node; at?.parent; at = at.parent) {
    if (at.name === 'Property') path.unshift(nameOf(at, state))
    else if (at.parent.name === 'Array') path.unshift(0)
  }
  return path
}

function nameOf(property: SyntaxNode, state: EditorState): string {
  const name = property.getChild('PropertyName')
  return name === null ? '' : state.sliceDoc(name.from, name.to).replaceAll('"', '')
}
