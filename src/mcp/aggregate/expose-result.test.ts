import { describe, expect, it } from 'vitest'
import { exposeEntry, exposeError, exposeResult, exposeServerMessage } from './expose-result.ts'
import { PrefixedNames } from './member-names.ts'

const names = new PrefixedNames(['gh'])
const member = { member: 'gh', tools: names, prompts: names }

describe('a result of a member', () => {
  it('names the member in links, embedded resources and the page of an app', () => {
    const result = {
      content: [
        { type: 'text', text: 'file:///stays' },
        { type: 'resource_link', uri: 'file:///a', name: 'a' },
        { type: 'resource', resource: { uri: 'file:///b', text: 'b' } },
        { type: 'x-new', uri: 'file:///stays' },
      ],
      _meta: { ui: { resourceUri: 'ui://page' }, 'ui/resourceUri': 'ui://page' },
      'x-kept': 1,
    }
    expect(exposeResult('tools/call', result, member)).toEqual({
      content: [
        { type: 'text', text: 'file:///stays' },
        { type: 'resource_link', uri: 'gh+file:///a', name: 'a' },
        { type: 'resource', resource: { uri: 'gh+file:///b', text: 'b' } },
        { type: 'x-new', uri: 'file:///stays' },
      ],
      _meta: { ui: { resourceUri: 'ui://gh/page' }, 'ui/resourceUri': 'ui://gh/page' },
      'x-kept': 1,
    })
  })

  it('of the other methods does so as well', () => {
    const link = { type: 'resource_link', uri: 'x://1' }
    const prompt = {
      messages: [
        { role: 'user', content: link },
        { role: 'user', content: [link] },
      ],
    }
    expect(JSON.stringify(exposeResult('prompts/get', prompt, member)).match(/gh\+x:\/\/1/g)).toHaveLength(2)
    const contents = { contents: [{ uri: 'x://1', text: 'x://1' }] }
    expect(exposeResult('resources/read', contents, member)).toEqual({ contents: [{ uri: 'gh+x://1', text: 'x://1' }] })
    const task = { resultType: 'task', taskId: 't', result: { content: [link] } }
    expect(exposeResult('tasks/get', task, member)).toEqual({
      resultType: 'task',
      taskId: 'gh_t',
      result: { content: [{ ...link, uri: 'gh+x://1' }] },
    })
    expect(exposeResult('tools/call', { task: { taskId: 't' } }, member)).toEqual({ task: { taskId: 'gh_t' } })
    const skill = {
      uri: 'skill://s/SKILL.md',
      frontmatter: { uri: 'x' },
      resources: [{ uri: 'skill://s/a', digest: 'd' }],
    }
    expect(exposeResult('skills/get', skill, member)).toEqual({
      uri: 'skill://gh/s/SKILL.md',
      frontmatter: { uri: 'x' },
      resources: [{ uri: 'skill://gh/s/a', digest: 'd' }],
    })
    expect(exposeResult('completion/complete', { completion: { values: ['x'] } }, member)).toEqual({
      completion: { values: ['x'] },
    })
  })
})

it('entries of every list name the member', () => {
  expect(exposeEntry('prompts', { name: 'p' }, member)).toEqual({ name: 'gh_p' })
  expect(exposeEntry('resources', { uri: 'x://1', name: 'n' }, member)).toEqual({ uri: 'gh+x://1', name: 'n' })
  expect(exposeEntry('resourceTemplates', { uriTemplate: 'x://{id}' }, member)).toEqual({ uriTemplate: 'gh+x://{id}' })
  expect(exposeEntry('skills', { uri: 'skill://s/SKILL.md' }, member)).toEqual({ uri: 'skill://gh/s/SKILL.md' })
})

it('messages on a stream name the member that waits for an answer', () => {
  const asked = { jsonrpc: '2.0', id: 7, method: 'elicitation/create', params: { message: 'x' } }
  expect(exposeServerMessage(asked, member)).toEqual({ ...asked, id: 'gh_7' })
  const updated = { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'x://1' } }
  expect(exposeServerMessage(updated, member)).toMatchObject({ params: { uri: 'gh+x://1' } })
  const task = { jsonrpc: '2.0', method: 'notifications/tasks', params: { taskId: 't' } }
  expect(exposeServerMessage(task, member)).toMatchObject({ params: { taskId: 'gh_t' } })
})

it('an error about a resource names it as the client does, and nothing else changes', () => {
  const error = { code: -32602, message: 'Resource not found', data: { uri: 'file:///a', 'x-kept': 1 } }
  expect(exposeError(error, member)).toEqual({ ...error, data: { uri: 'gh+file:///a', 'x-kept': 1 } })
  expect(exposeError({ code: -32603, message: 'm', data: 'text' }, member)).toEqual({
    code: -32603,
    message: 'm',
    data: 'text',
  })
})
