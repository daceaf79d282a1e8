import { expect, test } from 'vitest'
import { EventSplitter, eventData, eventField } from '../../src/http/split-events.ts'
import { createDice, type Dice, mutateBytes } from './mutate.ts'
import { eventStream } from './recorded-traffic.ts'
import { tryInputs } from './runs.ts'

const limitBytes = 4096

/** All events of a stream that arrives in pieces; undefined after one that is too large. */
function split(bytes: Buffer, cut: () => number): Buffer[] | undefined {
  const splitter = new EventSplitter(limitBytes)
  const events: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + cut())
    const more = splitter.push(bytes.subarray(at, end))
    if (more === undefined) return undefined
    events.push(...more)
    at = end
  }
  const rest = splitter.end()
  return rest === undefined ? events : [...events, rest]
}

const dataOf = (events: Buffer[] | undefined) => events?.map((event) => eventData(event)?.toString())

function tryStream(bytes: Buffer, dice: Dice): void {
  const whole = split(bytes, () => bytes.length)
  const pieces = split(bytes, () => dice.roll(dice.pick([1, 3, 40])))
  if (pieces !== undefined && !Buffer.concat(pieces).equals(bytes)) throw new Error('bytes were lost or made up')
  for (const event of pieces ?? []) {
    eventField(event, 'id')
    eventField(event, 'retry')
  }
  // A CR at the end of a piece may be the first half of CRLF: only then may the pieces differ in where they are cut, never in what they say.
  const left = dataOf(whole)?.filter((data) => data !== undefined)
  const right = dataOf(pieces)?.filter((data) => data !== undefined)
  if (left !== undefined && right !== undefined && left.join('\u0000') !== right.join('\u0000'))
    throw new Error(`${JSON.stringify(left)} is not ${JSON.stringify(right)} for ${JSON.stringify(bytes.toString())}`)
}

test('however a stream is changed and cut into pieces, no byte and no event of it is lost', () => {
  tryInputs(0.2, (seed) => {
    const dice = createDice(seed)
    tryStream(mutateBytes(eventStream, dice), dice)
  })
})

test('the stream that the changes begin with has four messages', () => {
  expect(dataOf(split(eventStream, () => 0))?.filter((data) => data !== undefined)).toHaveLength(4)
})
