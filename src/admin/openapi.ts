import { z } from 'zod'
import { eventTypes } from '../analytics/event.ts'
import { type ReasonCode, reasons } from '../errors/reasons.ts'
import { isJsonObject, stringMember } from '../lib/json.ts'
import type { OperationDeclaration } from './operation.ts'

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  readonly openapi: string
  readonly paths: { readonly [path: string]: { readonly [method: string]: object } }
  readonly [member: string]: unknown
}

type Schema = { readonly [member: string]: unknown }

/** Reasons that every operation may refuse with. */
const everywhere: readonly ReasonCode[] = [
  'host_not_allowed',
  'admin_sign_in_required',
  'admin_not_allowed',
  'admin_role_required',
  'admin_cross_site',
  'gateway_error',
]

/** The admin API as OpenAPI 3.1, from its declarations and nothing else. */
export function renderOpenApi(operations: readonly OperationDeclaration[], version: string): OpenApiDocument {
  const paths: { [path: string]: { [method: string]: object } } = {}
  for (const operation of operations) {
    const item = (paths[operation.path] ??= {})
    item[operation.method.toLowerCase()] = referToParts(renderOperation(operation))
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Sallyport admin API',
      version,
      description:
        'What the console uses. On the admin listener only (`admin.listen`), with the session of the console. A change needs the `Origin` of the console and `X-Sallyport-Admin: 1`.',
    },
    servers: [{ url: '/api/admin' }],
    security: [{ session: [] }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-sallyport-session',
          description: 'Set by the sign-in. Without TLS, on this machine: `sallyport-session-<port>`.',
        },
      },
      responses: renderUsualRefusals(),
      schemas: {
        Problem: problemSchema,
        ...Object.fromEntries(longEnums.map(({ name, ...schema }) => [name, schema])),
      },
    },
  }
}

function renderOperation(operation: OperationDeclaration): Schema {
  const { id, tag, role, method, summary, body } = operation
  const parameters = [...renderParameters(operation), ...(method === 'GET' ? [] : [ownHeader])]
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: `Role: ${role}.`,
    'x-role': role,
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: toSchema(body, 'input') } } },
    }),
    responses: { ...renderSuccess(operation), ...renderRefusals(operation) },
  }
}

function renderParameters({ params, query, needsIfMatch }: OperationDeclaration): object[] {
  return [
    ...members(params).map(([name, schema]) => ({ name, in: 'path', required: true, schema })),
    ...members(query).map(([name, schema, required]) => ({ name, in: 'query', required, schema })),
    ...(needsIfMatch ? [{ name: 'If-Match', in: 'header', required: true, schema: { type: 'string' } }] : []),
  ]
}

const ownHeader = { name: 'X-Sallyport-Admin', in: 'header', required: true, schema: { const: '1' } }

function members(shape: z.ZodObject | undefined): (readonly [name: string, schema: unknown, required: boolean])[] {
  if (shape === undefined) return []
  const { properties = {}, required = [] } = toSchema(shape, 'input') as {
    readonly properties?: Schema
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, schema]) => [name, schema, required.includes(name)])
}

function renderSuccess({ answer, status, isEventStream }: OperationDeclaration): { [status: string]: object } {
  if (answer === undefined) return { 204: { description: 'Done.' } }
  const schema = toSchema(answer, 'output')
  if (isEventStream)
    return { 200: { description: 'Each event has this as its `data`.', content: { 'text/event-stream': { schema } } } }
  return { [status ?? 200]: { description: 'The answer.', content: { 'application/json': { schema } } } }
}

function renderRefusals({ params, query, body, needsIfMatch, reasons: own = [] }: OperationDeclaration) {
  const codes = new Set<ReasonCode>([...everywhere, ...own])
  if (params || query || body) codes.add('admin_request_invalid')
  if (params) codes.add('admin_not_found')
  if (body) codes.add('limit_body_exceeded')
  if (needsIfMatch) codes.add('admin_version_required').add('admin_version_changed')
  const byStatus = Map.groupBy(codes, (code) => reasons[code].status)
  const isUsual = (list: readonly ReasonCode[]) => list.every((code) => everywhere.includes(code))
  const refer = (status: number) => ({ $ref: `#/components/responses/Refused${status}` })
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [status, isUsual(list) ? refer(status) : renderRefusal(list)]),
  )
}

function renderRefusal(codes: readonly ReasonCode[]) {
  return {
    description: codes.map((code) => `\`${code}\`: ${reasons[code].message}`).join(' '),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
}

/** Refusals of every operation, by name. */
function renderUsualRefusals() {
  const byStatus = Map.groupBy(everywhere, (code) => reasons[code].status)
  return Object.fromEntries([...byStatus].map(([status, list]) => [`Refused${status}`, renderRefusal(list)]))
}

const problemSchema = {
  type: 'object',
  description: 'RFC 9457, with the documented reason code.',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    reason: { type: 'string', description: 'See the reference of reasons.' },
    requestId: { type: 'string' },
  },
  required: ['title', 'status', 'detail', 'reason', 'requestId'],
}

/** Lists of names that many operations have, in the document once. */
const longEnums = [
  { name: 'ReasonCode', type: 'string', enum: Object.keys(reasons) },
  { name: 'EventType', type: 'string', enum: Object.keys(eventTypes) },
]

const namesOfEnums = new Map(longEnums.map(({ name, enum: values }) => [values.join(' '), name]))

/** What stands in the document once is referred to. The only schema that refers to itself is that of any JSON, which needs none. */
function referToParts(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) => {
    if (key === '$defs') return undefined
    if (isJsonObject(value) && stringMember(value, '$ref')?.startsWith('#/$defs/')) return {}
    const name = isJsonObject(value) && Array.isArray(value['enum']) && namesOfEnums.get(value['enum'].join(' '))
    if (!name || !isJsonObject(value)) return value
    const { type: _type, enum: _enum, ...rest } = value
    return { ...rest, $ref: `#/components/schemas/${name}` }
  }) as Schema
}

/** JSON Schema 2020-12, which is that of OpenAPI 3.1. */
export function toSchema(declaration: z.ZodType, io: 'input' | 'output'): Schema {
  const { $schema: _, ...schema } = z.toJSONSchema(declaration, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // A bound that only says "fits into a JavaScript number" tells nobody anything.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
    },
  })
  return schema
}
