import type { RouteSpec } from '../config/project.ts'
import type { Exchange } from '../contracts/exchange.ts'

/** Which of several processes answers requests of a route: whoever has the place that their key says. */
export interface RoutePlace {
  /** Every request is answered there; else those whose handler asks for it. */
  readonly isFixed: boolean
  readonly keyOf: (exchange: Exchange) => string
}

/**
 * What a handler keeps once, it must find again, whichever process a request comes to. Most of it is one person's, so a person's requests meet.
 * A route that keeps something for everybody is answered in one place; so are those that an aggregate connects it with: they reach it within
 * the process.
 */
export function placeRoutes(routes: readonly RouteSpec[]): ReadonlyMap<string, RoutePlace> {
  const specs = new Map(routes.map((spec) => [spec.operationId, spec]))
  const groups = groupRoutes(routes)
  const keptFor = (name: string) => {
    const handler = specs.get(name)?.handler
    return handler?.type.placement?.(handler.options)
  }
  return new Map(
    [...groups].map(([name, group]) => {
      const isFixed = keptFor(name) !== undefined
      const forEverybody = [...group].filter((each) => keptFor(each) === 'everybody')
      const [together] = forEverybody.toSorted()
      const keyOf = together === undefined ? (isFixed ? personOf : callerOf) : () => `together ${together}`
      return [name, { isFixed, keyOf }]
    }),
  )
}

/** Routes by what aggregates connect. */
function groupRoutes(routes: readonly RouteSpec[]): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = new Map(routes.map(({ operationId }) => [operationId, new Set([operationId])]))
  for (const { operationId, handler } of routes) {
    for (const member of handler.type.memberRoutes?.(handler.options).values() ?? []) {
      const joined = new Set([...(groups.get(operationId) ?? []), ...(groups.get(member) ?? [])])
      for (const name of joined) groups.set(name, joined)
    }
  }
  return groups
}

/** Who does not sign in is nobody, and there is one of them. */
function personOf({ tenant, subject }: Exchange): string {
  return JSON.stringify(['person', tenant, subject?.id ?? null])
}

/** An address is all that tells people apart who do not sign in. */
function callerOf(exchange: Exchange): string {
  return exchange.subject ? personOf(exchange) : JSON.stringify(['address', exchange.clientAddress])
}
