/** A source of random numbers below 2^32 that a seed determines, so that every finding can be had again. */
export interface Dice {
  /** An integer from 0 to `sides - 1`. */
  roll(sides: number): number
  pick<Item>(items: readonly Item[]): Item
}

/** Mulberry32. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0
  const roll = (sides: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides
  }
  return { roll, pick: (items) => items[roll(items.length)] as (typeof items)[number] }
}

/** What parsers trip over. */
const oddValues: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  -1,
  0.5,
  2 ** 53,
  1e308,
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202eevil',
  'a'.repeat(5000),
  '=?base64?AAAA?=',
  '=?base64?%%%?=',
  '2026-07-28',
  '2025-11-25',
  '9999-99-99',
  [],
  [[]],
  {},
  { jsonrpc: '2.0' },
  [{ jsonrpc: '2.0', id: 1, method: 'ping' }],
  { type: 'object', $ref: '#' },
]
const oddNames = [
  '__proto__',
  'constructor',
  'toString',
  '',
  'id',
  'ID',
  'method',
  'params',
  '_meta',
  'result',
  'error',
]

/** A copy of a JSON value in which one to three places are changed, removed, added or doubled. */
export function mutateJson(value: unknown, dice: Dice, donors: readonly unknown[]): unknown {
  let mutated = structuredClone(value)
  for (let count = 1 + dice.roll(3); count > 0; count--) mutated = mutateOnce(mutated, dice, donors)
  return mutated
}

function mutateOnce(value: unknown, dice: Dice, donors: readonly unknown[]): unknown {
  if (typeof value !== 'object' || value === null || dice.roll(8) === 0) return strangeValue(dice, donors)
  if (Array.isArray(value)) return mutateList(value, dice, donors)
  const record = value as { [name: string]: unknown }
  const names = Object.keys(record)
  const name = names.length > 0 && dice.roll(6) > 0 ? dice.pick(names) : dice.pick(oddNames)
  switch (dice.roll(5)) {
    case 0:
      delete record[name]
      return record
    case 1:
      return define(record, dice.pick(oddNames), own(record, name))
    case 2:
      return define(record, name, strangeValue(dice, donors))
    default:
      return define(record, name, mutateOnce(own(record, name), dice, donors))
  }
}

function mutateList(list: unknown[], dice: Dice, donors: readonly unknown[]): unknown {
  if (list.length === 0) return [strangeValue(dice, donors)]
  const index = dice.roll(list.length)
  if (dice.roll(4) === 0) return list.toSpliced(index, 1)
  if (dice.roll(4) === 0) return [...list, structuredClone(list[index])]
  return list.with(index, mutateOnce(list[index], dice, donors))
}

function own(record: { [name: string]: unknown }, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : null
}

/** As `JSON.parse` does it: `__proto__` is a member like any other. */
function define(record: object, name: string, value: unknown): object {
  return Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true })
}

function strangeValue(dice: Dice, donors: readonly unknown[]): unknown {
  return structuredClone(dice.roll(3) === 0 && donors.length > 0 ? dice.pick(donors) : dice.pick(oddValues))
}

/** A copy of some bytes with a few flipped, cut out, doubled or put in. */
export function mutateBytes(bytes: Buffer, dice: Dice): Buffer {
  let mutated = Buffer.from(bytes)
  for (let count = 1 + dice.roll(4); count > 0; count--) {
    const at = dice.roll(mutated.length + 1)
    const length = dice.roll(16)
    switch (dice.roll(4)) {
      case 0:
        mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(at + length)])
        break
      case 1:
        mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(at, at + length), mutated.subarray(at)])
        break
      case 2:
        mutated = Buffer.concat([mutated.subarray(0, at), dice.pick(oddBytes), mutated.subarray(at)])
        break
      default:
        if (at < mutated.length) mutated[at] = (mutated[at] ?? 0) ^ (1 << dice.roll(8))
    }
  }
  return mutated
}

const oddBytes = [
  '\n\n',
  '\r',
  '\r\n',
  '\ufeff',
  'data:',
  'data',
  ': ',
  'id: 1\n',
  '\u0000',
  '{"',
  '"}',
  '\\',
  '[[[[',
  ',,',
].map((text) => Buffer.from(text))
