import { expect, it } from 'vitest'
import { readOverviewSearch, readTrafficSearch } from './search.ts'

it('reads the filter of an address: texts, numbers, and the empty text that stands for none', () => {
  expect(
    readTrafficSearch({ virtualServer: 'linear', team: '', clientId: 12, minLatencyMs: '250', open: 'e1' }),
  ).toEqual({
    virtualServer: 'linear',
    team: '',
    clientId: '12',
    minLatencyMs: 250,
    open: 'e1',
  })
})

it('leaves out what is no condition', () => {
  expect(readTrafficSearch({ colour: 'blue', sinceMs: 'yesterday', subject: { evil: true } })).toEqual({})
})

it('does not let an address set the time of the overview', () => {
  expect(readOverviewSearch({ sinceMs: 1, untilMs: 2, span: '7d', outcome: 'denied' })).toEqual({
    span: '7d',
    outcome: 'denied',
  })
})
