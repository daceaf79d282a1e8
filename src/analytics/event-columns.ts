import { z } from 'zod'
import type { SqlRow, SqlValue } from '../contracts/sql-database.ts'
import { eventFields, type GatewayEvent } from './event.ts'

/** A column of the view `events`; its name is that of the field. */
export interface EventColumn {
  readonly name: keyof GatewayEvent
  readonly sqlType: 'text' | 'integer' | 'real'
  readonly nullable: boolean
  readonly isBoolean: boolean
}

/** The columns of the view `events`, in the order of the declaration of an event. */
export const eventColumns: readonly EventColumn[] = Object.entries(eventFields.shape).map(([name, field]) =>
  readColumn(name as keyof GatewayEvent, field),
)

function readColumn(name: keyof GatewayEvent, field: z.ZodType): EventColumn {
  const nullable = field instanceof z.ZodNullable
  const type = nullable ? field.unwrap() : field
  const isBoolean = type instanceof z.ZodBoolean
  const isInteger = isBoolean || (type instanceof z.ZodNumber && type.isInt)
  const sqlType = isInteger ? 'integer' : type instanceof z.ZodNumber ? 'real' : 'text'
  return { name, sqlType, nullable, isBoolean }
}

/**
 * What hardly two events have in common; `reason`, which has an index; and who used what. People times tools are as many contexts as there are
 * events, while either by itself is few bytes of a row.
 */
const ownFields: ReadonlySet<keyof GatewayEvent> = new Set([
  'id',
  'time',
  'requestId',
  'traceId',
  'subject',
  'clientId',
  'capability',
  'reason',
  'latencyMs',
  'upstreamMs',
  'bytesIn',
  'bytesOut',
  'resultTokens',
  'stepMs',
  'detail',
])

/** Columns that each event has for itself, in `event_rows`. */
export const ownColumns = eventColumns.filter(({ name }) => ownFields.has(name))
/** Columns that many events share a row of `event_contexts` for. */
export const contextColumns = eventColumns.filter(({ name }) => !ownFields.has(name))

const booleanPlaces = eventColumns.flatMap(({ isBoolean }, place) => (isBoolean ? [place] : []))

/** Places of columns among the values of an event. */
export function findPlaces(columns: readonly EventColumn[]): readonly number[] {
  return columns.map((column) => eventColumns.indexOf(column))
}

/**
 * The values of an event in the order of `eventColumns`. `newEvent` makes the fields in that order, so they are taken as they come: reading
 * them by name costs four times as much.
 */
export function listValues(event: GatewayEvent): readonly SqlValue[] {
  const values: (SqlValue | boolean)[] = Object.values(event)
  for (const place of booleanPlaces) values[place] = Number(values[place])
  return values as readonly SqlValue[]
}

/** The event in a row of the view. */
export function readEvent(row: SqlRow): GatewayEvent {
  const entries = eventColumns.map(({ name, isBoolean }) => [name, isBoolean ? row[name] === 1 : (row[name] ?? null)])
  return Object.fromEntries(entries) as GatewayEvent
}
