import { describe, expect, it, vi } from 'vitest'
import type { GatewayEvent } from '../../analytics/event.ts'
import type { RouteSpec } from '../../config/project.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { DefinitionNotice } from '../../contracts/pinned-definitions.ts'
import type { KnownCatalogRecord, KnownCatalogs } from '../../contracts/storage.ts'
import { pinDefinitions } from './pins-file.ts'
import { createDefinitionWatch } from './watch-definitions.ts'

const exchangeOf = (subject: string, tenant = 'default') =>
  ({ routeName: 'tracker', tenant, requestId: 'r', subject: { id: subject, clientId: 'c' } }) as unknown as Exchange
const ada = exchangeOf('ada')
const deviation = { hash: 'h', suspicions: [] }
const tool = { name: 'search', description: 'x' }
const pins = new Map([['tracker', pinDefinitions((list) => (list === 'tools' ? [tool] : []))]])

function open(mode: string | undefined, records: readonly Partial<KnownCatalogRecord>[] = []) {
  const stored = [...records]
  const events: GatewayEvent[] = []
  const store = {
    find: vi.fn((key: Partial<KnownCatalogRecord>) =>
      Promise.resolve(stored.findLast((each) => each.method === key.method && each.tenant === key.tenant)),
    ),
    put: vi.fn((record: KnownCatalogRecord) => Promise.resolve(void stored.push(record))),
  }
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const watch = createDefinitionWatch({
    store: store as unknown as KnownCatalogs,
    recorder: { record: (event) => void events.push(event) },
    log,
  })
  const proxy = { type: {}, options: {} }
  const aggregate = { type: { memberRoutes: () => new Map([['mine', 'tracker']]) }, options: {} }
  const routes = [
    { operationId: 'hub', handler: aggregate },
    { operationId: 'tracker', upstream: mode && { mode }, handler: proxy },
  ] as unknown as RouteSpec[]
  return { watch, store, events, log, definitions: watch.of({ pins, routes }) }
}

describe('what deviated', () => {
  it.each([undefined, 'shared-oauth', 'client-credentials'])(
    'concerns everybody of the tenant with mode %s',
    (mode) => {
      const { definitions } = open(mode)
      definitions.note(ada, 'tools', new Map([['search', deviation]]))
      expect(definitions.deviationOf(exchangeOf('bob'), 'tools', 'search')).toEqual(deviation)
      expect(definitions.deviationOf(exchangeOf('bob', 'acme'), 'tools', 'search')).toBeUndefined()
      expect(definitions.deviationOf(exchangeOf('bob'), 'prompts', 'search')).toBeUndefined()
    },
  )

  it.each(['user-oauth', 'user-api-key', 'token-exchange', 'id-jag'])('concerns one person with mode %s', (mode) => {
    const { definitions } = open(mode)
    definitions.note(ada, 'tools', new Map([['search', deviation]]))
    expect(definitions.deviationOf(ada, 'tools', 'search')).toEqual(deviation)
    expect(definitions.deviationOf(exchangeOf('bob'), 'tools', 'search')).toBeUndefined()
  })

  it.each([
    ['client-credentials', deviation],
    ['user-oauth', undefined],
  ])('of an aggregate concerns as many as that of its members, with mode %s', (mode, seen) => {
    const { definitions } = open(mode)
    const through = (exchange: Exchange): Exchange => ({ ...exchange, routeName: 'hub' })
    definitions.note(through(ada), 'tools', new Map([['mine_search', deviation]]))
    expect(definitions.deviationOf(through(ada), 'tools', 'mine_search')).toEqual(deviation)
    expect(definitions.deviationOf(through(exchangeOf('bob')), 'tools', 'mine_search')).toEqual(seen)
  })

  it('is forgotten when it is listed as it is pinned, and only what was listed', () => {
    const { definitions } = open(undefined)
    definitions.note(
      ada,
      'tools',
      new Map([
        ['search', deviation],
        ['other', deviation],
      ]),
    )
    definitions.note(ada, 'tools', new Map([['search', undefined]]))
    expect(definitions.deviationOf(ada, 'tools', 'search')).toBeUndefined()
    expect(definitions.deviationOf(ada, 'tools', 'other')).toEqual(deviation)
  })
})

describe('what an earlier process saw', () => {
  const result = JSON.stringify({ entries: [{ ...tool, description: 'other' }] })
  const record = { tenant: 'default', method: 'tools', result }

  it('counts, once it is read, and is read once', async () => {
    const { definitions, store } = open(undefined, [record])
    await definitions.ready(ada)
    expect(definitions.ready(ada)).toBeUndefined()
    expect(definitions.deviationOf(exchangeOf('bob'), 'tools', 'search')).toBeDefined()
    expect(store.find).toHaveBeenCalledTimes(5)
  })

  it('does not count where somebody listed meanwhile', async () => {
    const { definitions } = open(undefined, [record])
    const reading = definitions.ready(ada)
    definitions.note(ada, 'tools', new Map([['search', undefined]]))
    await reading
    expect(definitions.deviationOf(ada, 'tools', 'search')).toBeUndefined()
  })

  it('still counts where somebody asked for another list, before or meanwhile', async () => {
    const { definitions } = open(undefined, [record])
    definitions.note(ada, 'instructions', new Map([['instructions', deviation]]))
    const reading = definitions.ready(ada)
    definitions.note(ada, 'prompts', new Map([['greet', deviation]]))
    await reading
    expect(definitions.deviationOf(ada, 'tools', 'search')).toBeDefined()
    expect(definitions.deviationOf(ada, 'prompts', 'greet')).toBeDefined()
  })

  it('says nothing where people have accounts of their own', () => {
    const { definitions, store } = open('user-oauth', [record])
    expect(definitions.ready(ada)).toBeUndefined()
    expect(store.find).not.toHaveBeenCalled()
  })

  it('does not keep calls from being answered when the store fails', async () => {
    const { definitions, store } = open(undefined)
    store.find.mockRejectedValue(new Error('disk'))
    await definitions.ready(ada)
    expect(definitions.ready(ada)).toBeUndefined()
  })
})

describe('what is told', () => {
  const notice: DefinitionNotice = {
    event: 'capability_changed',
    list: 'tools',
    name: 'search',
    hash: 'h',
    blockedBy: undefined,
    warns: false,
    describe: () => 'changed',
    policyName: 'pins',
  }

  it('is told once for each definition, tenant and consequence', () => {
    const { definitions, events } = open(undefined)
    for (const each of [ada, exchangeOf('bob'), exchangeOf('eve', 'acme')]) definitions.report(each, notice)
    definitions.report(ada, { ...notice, blockedBy: 'capability_changed' })
    definitions.report(ada, { ...notice, hash: 'i' })
    expect(events.map(({ tenant, outcome }) => [tenant, outcome])).toEqual([
      ['default', 'success'],
      ['acme', 'success'],
      ['default', 'denied'],
      ['default', 'success'],
    ])
  })

  it('is a line in the log where that is asked for', () => {
    const { definitions, log } = open(undefined)
    definitions.report(ada, notice)
    expect(log.warn).not.toHaveBeenCalled()
    definitions.report(ada, { ...notice, hash: 'i', warns: true })
    expect(log.warn).toHaveBeenCalledWith(
      expect.objectContaining({ route: 'tracker', capability: 'search', detail: 'changed' }),
      'a definition is not as it is pinned',
    )
  })

  it('is at most a thousand things in ten minutes for one server', () => {
    const { definitions, events } = open(undefined)
    for (let index = 0; index < 3000; index++) definitions.report(ada, { ...notice, hash: String(index) })
    expect(events).toHaveLength(1000)
  })
})

describe('what is kept', () => {
  it('is a whole list, the last one, and written once', async () => {
    const { definitions, watch, store } = open(undefined)
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => [{ name }])
    const whole = { cursor: undefined, next: undefined }
    definitions.keep(ada, 'tools', { cursor: undefined, next: '2' }, a ?? [])
    definitions.keep(ada, 'tools', { cursor: '9', next: undefined }, c ?? [])
    await watch.flush()
    expect(store.put).not.toHaveBeenCalled()
    definitions.keep(ada, 'tools', { cursor: '2', next: undefined }, b ?? [])
    await watch.flush()
    definitions.keep(ada, 'tools', whole, c ?? [])
    definitions.keep(exchangeOf('bob'), 'tools', whole, d ?? [])
    await watch.flush()
    definitions.keep(ada, 'tools', whole, d ?? [])
    await watch.flush()
    expect(store.put.mock.calls.map(([{ result }]) => result)).toEqual([
      '{"entries":[{"name":"a"},{"name":"b"}]}',
      '{"entries":[{"name":"d"}]}',
    ])
  })
})
