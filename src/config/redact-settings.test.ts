import { expect, it } from 'vitest'
import { Secret } from '../lib/secret.ts'
import { nameVariables, redactSettings } from './redact-settings.ts'

const environmentValues = new Map([
  ['TOKEN', 'tok-1234'],
  ['LONGER', 'tok-1234-and-more'],
  ['ONE', '1'],
])
const redact = (value: unknown) => redactSettings(value, { environmentValues })

it('what is declared as a secret is never shown', () => {
  expect(redact({ key: new Secret('literal'), list: [new Secret('other')] })).toEqual({
    key: '[secret]',
    list: ['[secret]'],
  })
})

it('what came from the environment is its name again, wherever it ended up', () => {
  expect(
    redact({
      value: 'tok-1234',
      url: 'https://up.example/tok-1234/mcp',
      headers: [{ name: 'x', value: 'Key tok-1234-and-more' }],
      'tok-1234': true,
    }),
  ).toEqual({
    value: '$env(TOKEN)',
    url: 'https://up.example/$env(TOKEN)/mcp',
    headers: [{ name: 'x', value: 'Key $env(LONGER)' }],
    '$env(TOKEN)': true,
  })
})

it('a short value is hidden where it is the whole text, and nowhere else', () => {
  expect(redact(['1', 'v1'])).toEqual(['$env(ONE)', 'v1'])
})

it('what is named like a secret, or looks like one, is none to be shown', () => {
  const shown = JSON.stringify(
    redact({ password: 'hunter2-hunter2', note: 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefgh' }),
  )
  expect(shown).not.toContain('hunter2')
  expect(shown).not.toContain('eyJzdWIiOiIxIn0')
})

it('everything else stays as it is', () => {
  const plain = { text: 'x', number: 1, flag: false, nothing: null, list: [1, 'a'], deep: { deeper: {} } }
  expect(redact(plain)).toEqual(plain)
  expect(redact({ absent: undefined, call: () => 1, map: new Map([['a', 1]]) })).toEqual({ map: { a: 1 } })
})

it('finds a value also where it was made lower-case or escaped on the way', () => {
  const name = nameVariables(new Map([['KEY', 'Ab.c"d e+(']]))
  for (const text of [
    'x Ab.c"d e+( y',
    'x ab.c"d e+( y',
    String.raw`x Ab.c\"d e+( y`,
    'x Ab.c%22d%20e%2B( y',
    'x Ab.c%22d%20e+( y',
  ])
    expect(name(text)).toBe('x $env(KEY) y')
  expect(name('x Abxc"d e+( y')).toBe('x Abxc"d e+( y')
})
