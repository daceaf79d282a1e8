import type { z } from 'zod'
import type { OperationId, OperationOf } from './operations/index.ts'

export type { AdminRole } from './operation.ts'
export type { OperationId } from './operations/index.ts'

type Sent<Shape> = Shape extends z.ZodType ? z.input<Shape> : undefined

/** What a program sends to the admin API, by operation id. For the console, which imports types only. */
export type OperationParams<Id extends OperationId> = Sent<OperationOf<Id> extends { params: infer S } ? S : undefined>
export type OperationQuery<Id extends OperationId> = Sent<OperationOf<Id> extends { query: infer S } ? S : undefined>
export type OperationBody<Id extends OperationId> = Sent<OperationOf<Id> extends { body: infer S } ? S : undefined>

/** What it receives; of a stream, one event. `undefined`: 204. */
export type OperationResult<Id extends OperationId> =
  OperationOf<Id> extends { answer: infer S extends z.ZodType } ? z.output<S> : undefined
