import { expect, it } from 'vitest'
import type { RouteSpec } from '../config/project.ts'
import type { Exchange } from '../contracts/exchange.ts'
import { placeRoutes } from './place-routes.ts'

type Placement = 'person' | 'everybody'

/** A route whose handler keeps something for each person or for everybody, or asks these others. */
function routeOf(operationId: string, placement?: Placement, members: readonly string[] = []): RouteSpec {
  const type = {
    ...(placement && { placement: () => placement }),
    ...(members.length > 0 && { memberRoutes: () => new Map(members.map((name) => [name, name])) }),
  }
  return { operationId, handler: { type, options: {} } } as unknown as RouteSpec
}

const exchangeOf = (id: string | undefined, clientAddress = '192.0.2.1', tenant = 'default') =>
  ({ tenant, subject: id && { id }, clientAddress }) as unknown as Exchange

function keysOf(routes: readonly RouteSpec[], exchange: Exchange): { readonly [route: string]: string } {
  return Object.fromEntries([...placeRoutes(routes)].map(([name, place]) => [name, place.keyOf(exchange)]))
}

it('what is kept for a person is in one place, whatever route it is reached by', () => {
  const routes = [routeOf('proxy'), routeOf('own', 'person'), routeOf('all', 'person', ['proxy', 'own'])]
  const ada = keysOf(routes, exchangeOf('ada'))
  expect(new Set(Object.values(ada)).size).toBe(1)
  for (const other of [exchangeOf('bob'), exchangeOf('ada', '192.0.2.1', 'acme')]) {
    for (const [name, key] of Object.entries(keysOf(routes, other))) expect(key).not.toBe(ada[name])
  }
  expect(keysOf(routes, exchangeOf('ada', '192.0.2.2'))).toEqual(ada)
})

it('every request comes to its place only where the handler keeps something for all of them', () => {
  const places = placeRoutes([routeOf('proxy'), routeOf('own', 'person'), routeOf('all', 'person', ['proxy'])])
  expect([...places].filter(([, { isFixed }]) => isFixed).map(([name]) => name)).toEqual(['own', 'all'])
})

it('what is kept for everybody is in one place, with all that aggregates connect it with', () => {
  const routes = [
    routeOf('shared', 'everybody'),
    routeOf('own', 'person'),
    routeOf('proxy'),
    routeOf('both', 'person', ['shared', 'own']),
    routeOf('more', 'person', ['own', 'proxy']),
    routeOf('apart', 'person'),
    routeOf('second', 'everybody'),
  ]
  const [ada, bob] = [keysOf(routes, exchangeOf('ada')), keysOf(routes, exchangeOf('bob'))]
  const joined = ['shared', 'own', 'proxy', 'both', 'more']
  expect(new Set(joined.flatMap((name) => [ada[name], bob[name]])).size).toBe(1)
  expect(ada.apart).not.toBe(bob.apart)
  expect(ada.second).toBe(bob.second)
  expect(ada.second).not.toBe(ada.shared)
})

it('who does not sign in is one person to what is kept once, and an address to what is not', () => {
  const routes = [routeOf('own', 'person'), routeOf('proxy')]
  const [here, there] = [keysOf(routes, exchangeOf(undefined)), keysOf(routes, exchangeOf(undefined, '192.0.2.2'))]
  expect(here.own).toBe(there.own)
  expect(here.proxy).not.toBe(there.proxy)
  expect(here.own).not.toBe(keysOf(routes, exchangeOf('null')).own)
})
