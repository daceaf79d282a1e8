import { expect, test } from 'vitest'
import { compileToolScopes } from './tool-scopes.ts'

const scopes = compileToolScopes({
  tracker: {
    base: ['mcp:tools'],
    tools: { delete_issue: ['issues:delete'], 'delete_*': ['issues:write'], 'export*report': ['reports'] },
  },
  open: { base: ['mcp:tools'], tools: {} },
})
const tracker = scopes.get('tracker')

test('every entry that fits counts', () => {
  expect(tracker?.('delete_issue')).toEqual(['issues:delete', 'issues:write'])
  expect(tracker?.('delete_label')).toEqual(['issues:write'])
})

test('a tool that no entry fits needs nothing', () => {
  expect(tracker?.('list_issues')).toBeUndefined()
  expect(tracker?.('undelete_issue')).toBeUndefined()
  expect(tracker?.('')).toBeUndefined()
})

test('a virtual server whose tools need nothing is not asked', () => {
  expect([...scopes.keys()]).toEqual(['tracker'])
  expect(compileToolScopes(undefined).size).toBe(0)
})

test.each(['DELETE_ISSUE', 'Delete_Issue', ' delete_issue', 'delete_issue\n', 'ｄelete_issue', 'delete_iſſue'])(
  'the name %j needs what delete_issue needs',
  (name) => {
    expect(tracker?.(name)).toContain('issues:delete')
  },
)

test('a star in the name of a call stands for itself', () => {
  expect(tracker?.('*')).toBeUndefined()
  expect(tracker?.('delete_*')).toEqual(['issues:write'])
})
