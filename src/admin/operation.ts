import type { z } from 'zod'
import type { ReasonCode } from '../errors/reasons.ts'

/** What administrators may do. Each role may do all that the ones before it may. */
export const adminRoles = ['viewer', 'editor', 'owner'] as const

export type AdminRole = (typeof adminRoles)[number]

/**
 * One operation of the admin API, declared once and as data: routing, checking, OpenAPI, the types of the console and the table of roles
 * come from it. What it does is in `answers/`, bound by its id.
 */
export interface OperationDeclaration {
  /** `operationId` of the OpenAPI document; verb and noun in camel case. */
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below /api/admin, e.g. `/keys/{id}`. */
  readonly path: `/${string}`
  /** Groups operations in the document. */
  readonly tag: string
  /** The least role that may use it. */
  readonly role: AdminRole
  /** One sentence. */
  readonly summary: string
  /** One member for each `{name}` of the path. */
  readonly params?: z.ZodObject
  /** Members of the query. Every value arrives as text, so numbers and booleans are coerced. */
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /** Absent: 204. */
  readonly answer?: z.ZodType
  /** Status of the answer; default 200, or 204 without one. */
  readonly status?: 200 | 201 | 202
  /** It edits something that has a version: `If-Match` must name the one that was read. */
  readonly needsIfMatch?: true
  /** It answers with server-sent events whose `data` is `answer`. */
  readonly isEventStream?: true
  /** Reasons it may refuse with, besides those of every operation. */
  readonly reasons?: readonly ReasonCode[]
}

type Parsed<Shape> = Shape extends z.ZodType ? z.output<Shape> : Record<string, never>

/** What an operation is asked, checked. */
export interface OperationInput<Declaration extends OperationDeclaration> {
  readonly params: Parsed<Declaration['params']>
  readonly query: Parsed<Declaration['query']>
  readonly body: Declaration['body'] extends z.ZodType ? z.output<Declaration['body']> : undefined
}

/** What an operation answers: it is checked against the declaration, which also leaves out what is not declared. */
export type OperationAnswer<Declaration extends OperationDeclaration> = Declaration['answer'] extends z.ZodType
  ? Declaration['isEventStream'] extends true
    ? AsyncIterable<StreamedItem<z.input<Declaration['answer']>>>
    : z.input<Declaration['answer']>
  : void

/** One server-sent event. */
export interface StreamedItem<Item> {
  /** Where to go on: a client that lost its stream sends it in `Last-Event-ID`. */
  readonly id: string
  readonly data: Item
}
