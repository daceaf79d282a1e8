import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exposeTaskId, exposeUri, locateTaskId, locateUri } from './member-ids.ts'
import { MappedNames, memberNamePattern, PrefixedNames, prefixName } from './member-names.ts'

const memberName = fc.stringMatching(/^[a-z][a-z0-9-]{0,19}$/)
const members = fc.uniqueArray(memberName, { minLength: 1, maxLength: 8 })
const capabilityName = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_.-]{1,128}$/),
  fc.string({ unit: 'binary', maxLength: 80 }),
  // Names that look like those of others.
  fc.tuple(memberName, fc.stringMatching(/^[a-z_]{0,60}$/)).map(([member, name]) => `${member}_${name}`),
)
const uri = fc.oneof(
  fc.webUrl(),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .tuple(fc.constantFrom('ui://', 'skill://', 'UI://', 'file:///', ''), fc.string({ maxLength: 40 }))
    .map((p) => p.join('')),
  fc.tuple(memberName, fc.constantFrom('+', '/', '_'), fc.webUrl()).map((parts) => parts.join('')),
)

describe('prefixed names', () => {
  it('lead back to their member and name, are short, and hold only what clients take', () => {
    fc.assert(
      fc.property(members, capabilityName, fc.nat(), (all, name, index) => {
        const names = new PrefixedNames(all)
        const member = all[index % all.length] ?? ''
        const exposed = names.expose(member, name)
        expect(exposed).toMatch(/^[A-Za-z0-9_.-]{3,48}$/)
        expect(names.locate(exposed)).toEqual({ member, name })
        expect(new PrefixedNames(all).expose(member, name)).toBe(exposed)
      }),
    )
  })

  it('differ where member or name do', () => {
    fc.assert(
      fc.property(memberName, memberName, capabilityName, capabilityName, (a, b, left, right) => {
        fc.pre(a !== b || left !== right)
        expect(prefixName(a, left)).not.toBe(prefixName(b, right))
      }),
    )
  })

  it('lead nowhere, or to the very name that has them, whatever a client sends', () => {
    fc.assert(
      fc.property(members, fc.string({ unit: 'binary', maxLength: 80 }), (all, sent) => {
        const located = new PrefixedNames(all).locate(sent)
        if (located?.name !== undefined) expect(prefixName(located.member, located.name)).toBe(sent)
        if (located) expect(all).toContain(located.member)
      }),
    )
  })

  it('stay as they are when another member is added', () => {
    expect(new PrefixedNames(['a']).expose('a', 'x')).toBe(new PrefixedNames(['a', 'a-x', 'x']).expose('a', 'x'))
  })

  it('of 48 characters are shortened ones, which their member has to list first', () => {
    const name = 'create_an_issue_with_every_field_that_there_is_at_all'
    const exposed = prefixName('linear', name)
    expect(exposed).toHaveLength(48)
    expect(exposed.startsWith('linear_create_an_issue_')).toBe(true)
    expect(new PrefixedNames(['linear']).locate(exposed)).toEqual({ member: 'linear', name: undefined })
    const exactly = 'x'.repeat(48 - 'linear_'.length)
    expect(prefixName('linear', exactly)).not.toBe(`linear_${exactly}`)
    expect(prefixName('linear', exactly.slice(1))).toBe(`linear_${exactly.slice(1)}`)
  })
})

it('mapped names show nothing that is not written down', () => {
  const names = new MappedNames(
    new Map([
      ['linear', { new_issue: 'create_issue' }],
      ['github', {}],
    ]),
  )
  expect(names.expose('linear', 'create_issue')).toBe('new_issue')
  expect(names.expose('github', 'create_issue')).toBeUndefined()
  expect(names.expose('linear', 'delete_issue')).toBeUndefined()
  expect(names.locate('new_issue')).toEqual({ member: 'linear', name: 'create_issue' })
  expect(names.locate('linear_create_issue')).toBeUndefined()
})

describe('URIs and task ids', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(members, uri, fc.nat(), (all, own, index) => {
        const known = new Set(all)
        const member = all[index % all.length] ?? ''
        expect(locateUri(exposeUri(member, own), known)).toEqual({ member, id: own })
        expect(locateTaskId(exposeTaskId(member, own), known)).toEqual({ member, id: own })
      }),
    )
  })

  it('keep the schemes that hosts look for', () => {
    expect(exposeUri('github', 'ui://app/page.html')).toBe('ui://github/app/page.html')
    expect(exposeUri('github', 'skill://review/SKILL.md')).toBe('skill://github/review/SKILL.md')
    expect(exposeUri('github', 'repo://{owner}/x')).toBe('github+repo://{owner}/x')
  })

  it('of nobody lead nowhere', () => {
    const known = new Set(['github'])
    for (const foreign of ['file:///etc/passwd', 'ui://other/page', 'linear+file:///x', 'ui://github', '', '+x']) {
      expect(locateUri(foreign, known)).toBeUndefined()
    }
  })
})

it('names of members leave room for the marks that end them', () => {
  for (const name of ['a_b', 'a+b', 'a/b', '1a', '', 'A', 'a'.repeat(21)])
    expect(memberNamePattern.test(name)).toBe(false)
})
