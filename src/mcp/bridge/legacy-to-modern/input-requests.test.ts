import { describe, expect, it } from 'vitest'
import { readQuestions } from './input-requests.ts'

const client = (capabilities: object, protocolVersion = '2025-11-25') => ({
  protocolVersion,
  clientInfo: { name: 'c', version: '1' },
  capabilities: capabilities as { [name: string]: unknown },
})
const form = { method: 'elicitation/create', params: { mode: 'form', message: 'Who?', requestedSchema: { a: 1 } } }
const url = { method: 'elicitation/create', params: { mode: 'url', message: 'Sign in.', url: 'https://x.example/a' } }
const sample = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1, more: true } }
const roots = { method: 'roots/list' }

describe('questions of an upstream', () => {
  it('are requests of the older revisions', () => {
    const able = client({ elicitation: {}, sampling: {}, roots: {} })
    expect(readQuestions({ a: form, b: sample, c: roots }, able)).toEqual([
      { key: 'a', method: 'elicitation/create', params: form.params, url: undefined },
      { key: 'b', method: 'sampling/createMessage', params: sample.params, url: undefined },
      { key: 'c', method: 'roots/list', params: {}, url: undefined },
    ])
  })

  it('have no mode before 2025-11-25', () => {
    const { mode: _, ...params } = form.params
    expect(readQuestions({ a: form }, client({ elicitation: {} }, '2025-06-18'))).toMatchObject([{ params }])
    expect(JSON.stringify(readQuestions({ a: form }, client({ elicitation: {} }, '2025-06-18')))).not.toContain('mode')
  })

  it('for a page have an id of their own', () => {
    const able = client({ elicitation: { url: {} } })
    const [one, two] = [readQuestions({ a: url }, able), readQuestions({ a: url }, able)] as unknown as {
      params: { elicitationId: string }
      url: string
    }[][]
    expect(one?.[0]).toMatchObject({ url: url.params.url, params: url.params })
    expect(one?.[0]?.params.elicitationId).toMatch(/^[0-9a-f]{32}$/)
    expect(one?.[0]?.params.elicitationId).not.toBe(two?.[0]?.params.elicitationId)
  })

  it('for a page are said in words to who cannot open one', () => {
    expect(readQuestions({ a: url }, client({ elicitation: {} }, '2025-06-18'))).toEqual({
      text: 'Sign in. Open this link in a browser, then try again: https://x.example/a',
    })
  })

  it.each([
    ['a form', { a: form }, {}],
    ['a form, of who only opens pages', { a: form }, { elicitation: { url: {} } }],
    ['a model', { a: sample }, { elicitation: {} }],
    ['roots', { a: roots }, { sampling: {} }],
    ['something unknown', { a: { method: 'ping' } }, { elicitation: {} }],
    ['a member of every object', { a: { method: 'toString' } }, { elicitation: {} }],
    ['no request', { a: 7 }, { elicitation: {} }],
  ])('are not put to who did not say that it takes %s', (_, requests, capabilities) => {
    expect(readQuestions(requests, client(capabilities))).toEqual({ text: expect.any(String) as string })
  })

  it('may be none', () => {
    expect(readQuestions(undefined, client({}))).toEqual([])
  })
})
