import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../lib/json.ts'
import type { MemberPlace } from './list-cursor.ts'
import { PrefixedNames } from './member-names.ts'
import { type MemberPage, mergeLists } from './merge-lists.ts'

const names = new PrefixedNames(['a', 'b', 'c'])

function pageOf(member: string, result: JsonObject, cursor: string | null = null, isOld = false): MemberPage {
  return { member: { member, tools: names, prompts: names }, place: [member, cursor], result, isOld }
}

const tools = (...given: string[]): JsonObject => ({
  tools: given.map((name) => ({ name })),
  ttlMs: 5,
  cacheScope: 'public',
})

describe('one page of all members', () => {
  it('has their entries in the order of the configuration', () => {
    const page = mergeLists('tools', [pageOf('b', tools('z', 'y')), pageOf('a', tools('x'))], 1000)
    expect(page.entries.map(({ name }) => name)).toEqual(['b_z', 'b_y', 'a_x'])
    expect(page.next).toEqual([])
  })

  it('holds as long as the shortest and for as few as the most private', () => {
    const short = { ...tools('x'), ttlMs: 2 }
    expect(mergeLists('tools', [pageOf('a', tools('x')), pageOf('b', short)], 9)).toMatchObject({
      ttlMs: 2,
      cacheScope: 'public',
    })
    const own = { ...tools('x'), cacheScope: 'private' }
    expect(mergeLists('tools', [pageOf('a', tools('x')), pageOf('b', own)], 9)).toMatchObject({
      ttlMs: 5,
      cacheScope: 'private',
    })
    const old = pageOf('b', tools('x'), null, true)
    expect(mergeLists('tools', [pageOf('a', tools('x')), old], 9)).toMatchObject({ ttlMs: 0, cacheScope: 'private' })
    expect(mergeLists('tools', [pageOf('a', { tools: [], ttlMs: -1 })], 9).ttlMs).toBe(0)
  })

  it('leaves out what has no name, and what is no list', () => {
    const broken = { tools: [{ name: 1 }, null, 'x', { name: 'good' }] }
    expect(mergeLists('tools', [pageOf('a', broken), pageOf('b', { tools: 'x' })], 9).entries).toEqual([
      { name: 'a_good' },
    ])
  })

  it('keeps what it does not know', () => {
    const odd = {
      tools: [{ name: 'x', 'x-vendor': { kept: true }, _meta: { ui: { resourceUri: 'ui://p', more: 1 } } }],
    }
    expect(mergeLists('tools', [pageOf('a', odd)], 9).entries).toEqual([
      { name: 'a_x', 'x-vendor': { kept: true }, _meta: { ui: { resourceUri: 'ui://a/p', more: 1 } } },
    ])
  })

  it('ends a list whose cursor is longer than any real one', () => {
    expect(mergeLists('tools', [pageOf('a', { ...tools('x'), nextCursor: 'c'.repeat(5000) })], 9).next).toEqual([])
  })
})

it('page by page every entry comes once, however long the lists are', () => {
  const lists = fc.record({
    a: fc.array(fc.array(fc.uuid(), { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
    b: fc.array(fc.array(fc.uuid(), { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
    c: fc.array(fc.array(fc.uuid(), { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
  })
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 8 }), (pages, most) => {
      const found: unknown[] = []
      let places: readonly MemberPlace[] = Object.keys(pages).map((name) => [name, null])
      for (let round = 0; places.length > 0; round++) {
        expect(round).toBeLessThan(30)
        const asked = places.map(([member, cursor]) => {
          const at = Number(cursor ?? 0)
          const own = pages[member as 'a']
          const next = at + 1 < own.length ? { nextCursor: String(at + 1) } : {}
          return pageOf(member, { ...tools(...(own[at] ?? [])), ...next }, cursor)
        })
        const page = mergeLists('tools', asked, most)
        found.push(...page.entries.map(({ name }) => name))
        places = page.next
      }
      const all = Object.entries(pages).flatMap(([member, own]) => own.flat().map((name) => `${member}_${name}`))
      expect(new Set(found)).toEqual(new Set(all))
      expect(found).toHaveLength(all.length)
    }),
  )
})
