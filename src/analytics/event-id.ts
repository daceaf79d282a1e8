import { randomId } from '../lib/random-id.ts'

const timeDigits = 12
const countDigits = 8
const mostCounted = 16 ** countDigits
/** Large numbers take a microsecond to become digits. The first ones of the time change every few hours: they are kept. */
const latestDigits = 6
const latest = 16 ** latestDigits

/** The last two digits of the count; only they differ from one event to the next. */
const lastDigits = Array.from({ length: 256 }, (_, count) => toDigits(count, 2))

/** No other process has it. */
let source = randomId().slice(timeDigits + countDigits)
let counted = 0
let lastTime = Number.NaN
let beginning = ''
let earlyTime = Number.NaN
let earlyDigits = ''

/**
 * An id of 32 hexadecimal characters: the time, so that its event is found without an index of ids; who made it; and how many it made before.
 * Counting costs a fraction of drawing random bytes, and ids of the same millisecond share how they begin.
 */
export function createEventId(time: number): string {
  const last = counted % lastDigits.length
  if (time !== lastTime || last === 0) begin(time)
  counted++
  return beginning + lastDigits[last]
}

function begin(time: number): void {
  if (counted === mostCounted) {
    source = randomId().slice(timeDigits + countDigits)
    counted = 0
  }
  const count = Math.floor(counted / lastDigits.length)
  // Joined, not added: events would keep all the pieces.
  beginning = [formatTime(time), source, toDigits(count, countDigits - 2)].join('')
  lastTime = time
}

function formatTime(time: number): string {
  const whole = Math.max(Math.floor(time), 0)
  const late = whole % latest
  if (whole - late !== earlyTime) {
    earlyTime = whole - late
    earlyDigits = toDigits(earlyTime / latest, timeDigits - latestDigits)
  }
  return earlyDigits + toDigits(late, latestDigits)
}

function toDigits(number: number, length: number): string {
  return number.toString(16).padStart(length, '0').slice(-length)
}

/** The time in an id. Milliseconds since the epoch. */
export function findEventTime(id: string): number {
  return Number.parseInt(id.slice(0, timeDigits), 16) || 0
}
