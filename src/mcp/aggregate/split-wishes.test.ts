import { expect, it } from 'vitest'
import { joinHonoured, splitWishes } from './split-wishes.ts'

const members = new Set(['a', 'b'])

it('asks each member for its own part', () => {
  const wishes = {
    toolsListChanged: true,
    promptsListChanged: false,
    resourceSubscriptions: ['a+x://1', 'b+x://2', 'a+x://3', 'x://nobody', 7],
    taskIds: ['b_t'],
  }
  expect(Object.fromEntries(splitWishes(wishes, members))).toEqual({
    a: { toolsListChanged: true, resourceSubscriptions: ['x://1', 'x://3'] },
    b: { toolsListChanged: true, resourceSubscriptions: ['x://2'], taskIds: ['t'] },
  })
  expect(splitWishes({ resourceSubscriptions: ['a+x://1'] }, members).has('b')).toBe(false)
})

it('says what is honoured in the words of the client', () => {
  const honoured = new Map([
    ['a', { toolsListChanged: true, resourceSubscriptions: ['x://1'] }],
    ['b', { resourceSubscriptions: ['ui://2'], taskIds: ['t', 3] }],
  ])
  expect(joinHonoured(honoured)).toEqual({
    toolsListChanged: true,
    resourceSubscriptions: ['a+x://1', 'ui://b/2'],
    taskIds: ['b_t'],
  })
})
