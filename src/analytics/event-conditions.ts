import type { SqlValue } from '../contracts/sql-database.ts'
import { type EventFilter, equalFields, listFamilyTypes } from './event-filter.ts'

/** The filter as conditions on the table `events`, with their parameters. */
export interface EventConditions {
  readonly where: string
  readonly parameters: readonly SqlValue[]
}

/** Says a filter in SQL. */
export function describeConditions(filter: EventFilter): EventConditions {
  const conditions: string[] = []
  const parameters: SqlValue[] = []
  const add = (condition: string, ...values: readonly SqlValue[]) => {
    conditions.push(condition)
    parameters.push(...values)
  }
  if (filter.sinceMs !== undefined) add('time >= ?', filter.sinceMs)
  if (filter.untilMs !== undefined) add('time < ?', filter.untilMs)
  if (filter.family !== undefined) {
    const types = listFamilyTypes(filter.family)
    add(`type in (${types.map(() => '?').join(', ')})`, ...types)
  }
  for (const field of equalFields) {
    const value = filter[field]
    if (value === '') add(`"${field}" is null`)
    else if (value !== undefined) add(`"${field}" = ?`, value)
  }
  if (filter.minLatencyMs !== undefined) add('"latencyMs" >= ?', filter.minLatencyMs)
  return { where: conditions.join(' and ') || '1 = 1', parameters }
}
