import { expect, it } from 'vitest'
import { describeLinks, findUrlElicitations, urlInputRequests } from './elicit-urls.ts'

const error = (elicitations: unknown) => ({ code: -32042, message: 'Open first', data: { elicitations } })

it('finds the links, with the message of the error where they have none', () => {
  const found = findUrlElicitations(
    error([
      { mode: 'url', elicitationId: 'e', url: 'https://a.example/', message: 'A' },
      { url: 'https://b.example/' },
    ]),
  )
  expect(found).toEqual([
    { url: 'https://a.example/', message: 'A' },
    { url: 'https://b.example/', message: 'Open first' },
  ])
  expect(urlInputRequests(found ?? [])).toEqual({
    url0: { method: 'elicitation/create', params: { mode: 'url', message: 'A', url: 'https://a.example/' } },
    url1: { method: 'elicitation/create', params: { mode: 'url', message: 'Open first', url: 'https://b.example/' } },
  })
  expect(describeLinks(found ?? [])).toMatchObject({
    isError: true,
    content: [{ text: 'A https://a.example/\nOpen first https://b.example/' }],
  })
})

it.each([
  ['another error', { ...error([{ url: 'https://a.example/' }]), code: -32603 }],
  ['none', error([])],
  ['no list', error('https://a.example/')],
  ['no url', error([{ message: 'A' }])],
  ['no data', { code: -32042, message: 'm' }],
])('%s is no question', (_, given) => {
  expect(findUrlElicitations(given)).toBeUndefined()
})
