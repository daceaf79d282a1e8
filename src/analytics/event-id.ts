import { randomId } from '../lib/random-id.ts'

const timeDigits = 12

/** An id of 32 hexadecimal characters that begins with its time, so that its event is found without an index of ids. */
export function createEventId(time: number): string {
  return (
    Math.max(Math.floor(time), 0).toString(16).padStart(timeDigits, '0').slice(-timeDigits) +
    randomId().slice(timeDigits)
  )
}

/** The time in an id. Milliseconds since the epoch. */
export function findEventTime(id: string): number {
  return Number.parseInt(id.slice(0, timeDigits), 16) || 0
}
