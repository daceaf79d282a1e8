import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { findOwner, findPlace, type RosterEntry } from './roster.ts'

const entry = (slot: number, mark = 'abcdef'): RosterEntry => ({ slot, name: `${slot}-${mark}`, socket: `/${slot}` })
const rosters = fc
  .uniqueArray(fc.nat(20), { minLength: 2, maxLength: 8 })
  .map((slots) => slots.map((slot) => entry(slot)))

it('whoever ends takes only its own keys along, and whoever takes its place has them again', () => {
  fc.assert(
    fc.property(rosters, fc.array(fc.string(), { minLength: 1 }), (roster, keys) => {
      const [gone, ...left] = roster
      for (const key of keys) {
        const before = findPlace(roster, key)
        const meanwhile = findPlace(left, key)
        if (before !== gone) expect(meanwhile).toBe(before)
        else expect(left).toContain(meanwhile)
        const successor = entry(gone?.slot ?? 0, 'Zyxwvu')
        expect(findPlace([...left, successor], key)).toBe(before === gone ? successor : before)
        expect(findPlace(roster.toReversed(), key)).toBe(before)
      }
    }),
  )
})

it('keys are spread', () => {
  const roster = [entry(0), entry(1), entry(2)]
  const counts = roster.map(
    (each) =>
      Array.from({ length: 3000 }, (_, n) => findPlace(roster, `key ${n}`)).filter((found) => found === each).length,
  )
  for (const count of counts) expect(count).toBeGreaterThan(850)
})

it('an id is for who made it, else for its successor, else for whoever all agree on', () => {
  const [first, second] = [entry(0), entry(1)]
  expect(findOwner([first, second], `${second.name}.sealed`)).toBe(second)
  const successor = entry(1, 'Zyxwvu')
  expect(findOwner([first, successor], `${second.name}.sealed`)).toBe(successor)
  expect(findOwner([first], `${second.name}.sealed`)).toBe(first)
  expect(findOwner([first, second], 'sealed')).toBeUndefined()
  expect(findOwner([], `${second.name}.sealed`)).toBeUndefined()
})
