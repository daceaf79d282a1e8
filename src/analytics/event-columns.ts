import { z } from 'zod'
import { eventFields, type GatewayEvent } from './event.ts'

/** A field of an event as a column; its name is that of the field. */
export interface EventColumn {
  readonly name: keyof GatewayEvent
  readonly sqlType: 'text' | 'integer' | 'real'
  readonly nullable: boolean
  readonly isBoolean: boolean
}

/** In the order of the declaration of an event. */
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
