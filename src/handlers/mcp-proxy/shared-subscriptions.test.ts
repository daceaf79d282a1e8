import { beforeEach, expect, it } from 'vitest'
import { SharedSubscriptions } from './shared-subscriptions.ts'

let asked: string[]
let answers: ((agreed: boolean) => void)[]
let shared: SharedSubscriptions

beforeEach(() => {
  asked = []
  answers = []
  shared = new SharedSubscriptions((method, uri) => {
    asked.push(`${method.replace('resources/', '')} ${uri}`)
    return new Promise((resolve) => answers.push(resolve))
  })
})

const settled = () => new Promise((resolve) => setImmediate(resolve))
const answer = async (agreed = true) => {
  await settled()
  answers.shift()?.(agreed)
  await settled()
}

it('are made by the first and ended by the last', async () => {
  const both = Promise.all([shared.enter('a:1'), shared.enter('a:1')])
  await answer()
  expect(await both).toEqual([true, true])
  shared.leave('a:1')
  await settled()
  expect(asked).toEqual(['subscribe a:1'])
  shared.leave('a:1')
  await answer()
  expect(asked).toEqual(['subscribe a:1', 'unsubscribe a:1'])
  shared.leave('a:1')
  await settled()
  expect(asked).toHaveLength(2)
})

it('that the upstream refuses are promised to nobody, also not to who came meanwhile, and asked for again later', async () => {
  const both = Promise.all([shared.enter('a:1'), shared.enter('a:1')])
  await answer(false)
  expect(await both).toEqual([false, false])
  const third = shared.enter('a:1')
  await answer()
  expect(await third).toBe(true)
  expect(asked).toEqual(['subscribe a:1', 'subscribe a:1'])
})

it('that end and begin at once are said one after the other', async () => {
  const first = shared.enter('a:1')
  await answer()
  await first
  shared.leave('a:1')
  const second = shared.enter('a:1')
  await settled()
  expect(asked).toEqual(['subscribe a:1', 'unsubscribe a:1'])
  await answer()
  expect(asked).toEqual(['subscribe a:1', 'unsubscribe a:1', 'subscribe a:1'])
  await answer()
  expect(await second).toBe(true)
})
