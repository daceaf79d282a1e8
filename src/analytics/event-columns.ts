import { z } from 'zod'
import type { SqlRow, SqlValue } from '../contracts/sql-database.ts'
import { eventFields, type GatewayEvent } from './event.ts'

/** A column of the table `events`; its name is that of the field. */
export interface EventColumn {
  readonly name: keyof GatewayEvent
  readonly sqlType: 'text' | 'integer' | 'real'
  readonly nullable: boolean
  readonly isBoolean: boolean
}

/** The columns of the table `events`, in the order of the declaration of an event. */
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

const booleanPlaces = eventColumns.flatMap(({ isBoolean }, place) => (isBoolean ? [place] : []))

/**
 * Appends the values of an event in column order. `newEvent` makes the fields in that order, so they are taken as they come: reading them by
 * name costs four times as much.
 */
export function appendValues(values: SqlValue[], event: GatewayEvent): void {
  const own: (SqlValue | boolean)[] = Object.values(event)
  for (const place of booleanPlaces) own[place] = Number(own[place])
  for (let place = 0; place < own.length; place++) values.push(own[place] as SqlValue)
}

/** The event in a row of the table. */
export function readEvent(row: SqlRow): GatewayEvent {
  const entries = eventColumns.map(({ name, isBoolean }) => [name, isBoolean ? row[name] === 1 : (row[name] ?? null)])
  return Object.fromEntries(entries) as GatewayEvent
}
