import { expect, it } from 'vitest'
import { inputRequestOf, noAnswer } from './ask-client.ts'

it('asks without what only older revisions know', () => {
  const params = {
    message: 'Name?',
    requestedSchema: { type: 'object' },
    elicitationId: 'e',
    task: { ttl: 1 },
    'x-own': 1,
    _meta: { progressToken: 1, 'io.modelcontextprotocol/related-task': { taskId: 't' }, own: true },
  }
  expect(inputRequestOf('elicitation/create', params)).toEqual({
    method: 'elicitation/create',
    params: { mode: 'form', message: 'Name?', requestedSchema: { type: 'object' }, 'x-own': 1, _meta: { own: true } },
  })
  expect(inputRequestOf('roots/list', {})).toEqual({ method: 'roots/list' })
  const url = { mode: 'url', message: 'Open', url: 'https://x.example/', elicitationId: 'e' }
  expect(inputRequestOf('elicitation/create', url).params).toEqual({
    mode: 'url',
    message: 'Open',
    url: 'https://x.example/',
  })
})

it('nobody who answers is a cancelled elicitation, or a refusal', () => {
  expect(noAnswer('elicitation/create', 3, 'late')).toEqual({ jsonrpc: '2.0', id: 3, result: { action: 'cancel' } })
  expect(noAnswer('roots/list', 'x', 'late')).toEqual({ jsonrpc: '2.0', id: 'x', error: { code: -1, message: 'late' } })
})
