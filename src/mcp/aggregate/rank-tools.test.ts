import { expect, it } from 'vitest'
import type { JsonObject } from '../../lib/json.ts'
import { rankTools } from './rank-tools.ts'

const tools: readonly JsonObject[] = [
  { name: 'github_createIssue', description: 'Opens a ticket in a repository.' },
  { name: 'linear_list_issues', description: 'Lists issues of a team.' },
  { name: 'linear_create_issue', title: 'Create issue', description: 'Creates an issue.' },
  { name: 'mail_send', description: 'Sends a message.', inputSchema: { properties: { recipientAddress: {} } } },
  { name: 'notes_search', description: 'Searches every note for words.' },
]
const find = (query: string, limit = 10) => rankTools(tools, query, limit).map(({ name }) => name)

it('finds by name first, however it is written', () => {
  expect(find('create issues')).toEqual(['linear_create_issue', 'github_createIssue', 'linear_list_issues'])
})

it('finds by description and by parameter', () => {
  expect(find('ticket')).toEqual(['github_createIssue'])
  expect(find('address of the recipient')[0]).toBe('mail_send')
})

it('finds nothing where nothing fits, and everything where nothing is asked', () => {
  expect(find('weather')).toEqual([])
  expect(find(' … ')).toHaveLength(tools.length)
})

it('keeps the order of what fits equally, and to the limit', () => {
  const same = ['c', 'a', 'b'].map((name) => ({ name, description: 'one thing' }))
  expect(rankTools(same, 'thing', 2)).toEqual(same.slice(0, 2))
})

it('takes what a hostile member lists', () => {
  const hostile = [
    { name: 1, description: null, inputSchema: [] },
    { name: '__proto__', inputSchema: { properties: { constructor: 1 } } },
  ]
  expect(rankTools(hostile as JsonObject[], 'constructor proto', 5)).toEqual([hostile[1]])
})
