import { eventFields, type GatewayEvent } from '../event.ts'

const fields = (Object.keys(eventFields.shape) as (keyof GatewayEvent)[]).map((name) => ({
  name,
  prefix: `"${name}":`,
}))

/**
 * The members of an event as JSON, without braces and without those that are null. By hand: a copy without them costs more than all the rest.
 * Halves of surrogate pairs, which clients may send, are replaced: strict readers refuse the whole batch for one.
 */
export function formatEventMembers(event: GatewayEvent): string {
  let members = ''
  for (const { name, prefix } of fields) {
    const value = event[name]
    if (value === null) continue
    if (members !== '') members += ','
    members += prefix + (typeof value === 'string' ? JSON.stringify(value.toWellFormed()) : String(value))
  }
  return members
}

/** An event as a JSON object. */
export function formatEventJson(event: GatewayEvent): string {
  return `{${formatEventMembers(event)}}`
}
