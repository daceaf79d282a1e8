import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { nearestName } from '../lib/nearest-name.ts'
import type { JsonPath } from './json-path.ts'
import type { ProblemList } from './problem-list.ts'
import type { SourceDocument } from './source-document.ts'

/** One operation of an OpenAPI file that has an `x-gateway-route`, as it stands there. */
export interface Operation {
  readonly document: SourceDocument
  /** Where the operation stands. */
  readonly at: JsonPath
  readonly path: string
  /** Upper-case. */
  readonly methods: readonly string[]
  readonly fields: JsonObject
}

const httpMethods = ['post', 'get', 'delete', 'put', 'options', 'head', 'patch', 'trace']
const documentMembers =
  'openapi info servers paths components security tags externalDocs webhooks jsonSchemaDialect $schema'.split(' ')
const pathItemMembers = 'summary description servers parameters $ref'.split(' ')
const operationMembers =
  'operationId summary description tags externalDocs parameters requestBody responses callbacks deprecated security servers x-gateway-route'.split(
    ' ',
  )

/** The name of the member that makes an operation a route. */
export const routeMember = 'x-gateway-route'

/** `enabled` is false. */
export function isSwitchedOff({ fields }: Operation): boolean {
  const extension = fields[routeMember]
  return isJsonObject(extension) && extension['enabled'] === false
}

/** Every operation of one OpenAPI file that is a route. Reports what is not OpenAPI, so that a typing error does not hide a route. */
export function readOperations(document: SourceDocument, problems: ProblemList): Operation[] {
  const root = document.value
  if (root === undefined) return []
  if (!isJsonObject(root)) return reportNotObject(document, [], problems)
  reportUnknownMembers(document, [], root, documentMembers, problems)
  checkVersion(document, root, problems)
  if (root.paths === undefined) {
    problems.error(document, ['paths'], '"paths" is required', 'Add an object with one member per route path.')
    return []
  }
  if (!isJsonObject(root.paths)) return reportNotObject(document, ['paths'], problems)
  return Object.entries(root.paths).flatMap(([path, item]) => readPathItem(document, path, item, problems))
}

function checkVersion(document: SourceDocument, root: JsonObject, problems: ProblemList): void {
  if (typeof root.openapi === 'string' && /^3\.[12]\.\d+$/.test(root.openapi)) return
  const message = root.openapi === undefined ? '"openapi" is required' : 'this version of OpenAPI is not supported'
  problems.error(document, ['openapi'], message, 'Write "openapi": "3.1.0".')
}

function readPathItem(document: SourceDocument, path: string, item: unknown, problems: ProblemList): Operation[] {
  const at = ['paths', path]
  if (path.startsWith('x-')) return []
  if (!isJsonObject(item)) return reportNotObject(document, at, problems)
  const operations: Operation[] = []
  for (const [key, fields] of Object.entries(item)) {
    if (key.startsWith('x-') || pathItemMembers.includes(key)) continue
    const methods = readMethods(document, [...at, key], key, problems)
    if (methods) operations.push(...readOperation({ document, at: [...at, key], path, methods }, fields, problems))
  }
  return operations
}

function readMethods(document: SourceDocument, at: JsonPath, key: string, problems: ProblemList): string[] | undefined {
  const names = key.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !httpMethods.includes(name))
  if (unknown !== undefined) {
    const nearest = nearestName(unknown, [...httpMethods, ...pathItemMembers])
    const remedy = nearest
      ? `Write "${nearest}".`
      : 'Write HTTP methods in lower case, several with commas: "get,post".'
    return problems.error(document, at, `"${unknown}" is not an HTTP method`, remedy, 'key')
  }
  if (new Set(names).size < names.length)
    return problems.error(document, at, 'a method is named twice', undefined, 'key')
  return names.map((name) => name.toUpperCase())
}

function readOperation(place: Omit<Operation, 'fields'>, fields: unknown, problems: ProblemList): Operation[] {
  const { document, at } = place
  if (!isJsonObject(fields)) return reportNotObject(document, at, problems)
  reportUnknownMembers(document, at, fields, operationMembers, problems)
  if (!Object.hasOwn(fields, routeMember)) {
    problems.warning(document, at, 'this operation is not served', `Add "${routeMember}".`, 'key')
    return []
  }
  return [{ ...place, fields }]
}

function reportUnknownMembers(
  document: SourceDocument,
  at: JsonPath,
  object: JsonObject,
  known: readonly string[],
  problems: ProblemList,
): void {
  for (const key of Object.keys(object)) {
    // Other people's extensions are theirs; a member that looks like ours and is not is a typing error.
    if (known.includes(key) || (key.startsWith('x-') && !nearestName(key, [routeMember]))) continue
    const nearest = nearestName(key, known)
    problems.error(
      document,
      [...at, key],
      `"${key}" is not known here`,
      nearest ? `Write "${nearest}".` : `Known here: ${known.join(', ')}, x-….`,
      'key',
    )
  }
}

function reportNotObject(document: SourceDocument, at: JsonPath, problems: ProblemList): [] {
  problems.error(document, at, 'must be an object')
  return []
}
