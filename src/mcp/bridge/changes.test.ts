import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bridgedFeatures } from './changes.ts'

const filesOf = (folder: string) =>
  readdirSync(join(import.meta.dirname, folder))
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => file.replace(/\.ts$/, ''))
    .sort()

it.each([
  ['modern-to-legacy', 'modernToLegacy'],
  ['legacy-to-modern', 'legacyToModern'],
] as const)('every file of %s is in the table, and every file of the table is there', (folder, direction) => {
  const named = new Set(bridgedFeatures.flatMap((feature) => feature[direction].files))
  expect([...named].sort()).toEqual(filesOf(folder))
})

it('no feature is named twice', () => {
  const names = bridgedFeatures.map(({ feature }) => feature)
  expect(new Set(names).size).toBe(names.length)
})
