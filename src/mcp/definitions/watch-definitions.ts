import { type EventRecorder, newEvent } from '../../analytics/event.ts'
import type { Project, RouteSpec } from '../../config/project.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { Peers } from '../../contracts/peers.ts'
import {
  type DefinitionNotice,
  type Deviation,
  type PinnedDefinitions,
  type ServerPins,
} from '../../contracts/pinned-definitions.ts'
import type { KnownCatalogs } from '../../contracts/storage.ts'
import { limitRequests } from '../../http/limit-requests.ts'
import { stringMember } from '../../lib/json.ts'
import { Lru } from '../../lib/lru.ts'
import { isSharedMode } from '../known-catalogs.ts'
import { hashDefinition, keyOfList, typeOfList } from './hash-definition.ts'
import { inspectDefinition } from './inspect-definition.ts'
import { KeptDefinitions, readKeptDefinitions } from './kept-definitions.ts'
import { definitionLists } from './pins-file.ts'

/** What the watch needs of the gateway. */
export interface WatchDefinitionsOptions {
  readonly store: KnownCatalogs
  readonly recorder: EventRecorder
  readonly log: Logger
  /** Other processes, which hear what this one sees: a definition that changed is changed for all. Absent: there are none. */
  readonly peers?: Pick<Peers, 'tell' | 'hear'> | undefined
}

/** What one process tells the others. */
interface SeenByPeer {
  /** What was shown, and the list it belongs to. */
  readonly seen?: {
    readonly owner: string
    readonly list: string
    readonly changes: readonly (readonly [name: string, deviation: Deviation | null])[]
  }
  /** Key of a notice. */
  readonly told?: string
}

const topic = 'definitions'

/** The part of a project that definitions are watched under. */
export type WatchedProject = Pick<Project, 'pins' | 'routes'>

/** Definitions as long as the gateway runs; `of` gives the view of one snapshot. */
export interface DefinitionWatch {
  of(project: WatchedProject): PinnedDefinitions
  /** Resolves when everything is written. */
  flush(): Promise<void>
}

type Deviations = Map<string, Deviation>

const mostOwners = 10_000
const mostDeviations = 5_000
const mostNotices = 10_000
/** An upstream that says something else every time must not push other events out. */
const noticeLimits = { perAddress: 1_000, total: 5_000, windowSeconds: 600 }

/** Remembers what deviates from the pins, tells each thing once, and keeps what upstreams listed last. Survives a reload, as pins change with one. */
export function createDefinitionWatch({ store, recorder, log, peers }: WatchDefinitionsOptions): DefinitionWatch {
  const deviations = new Lru<string, Deviations>(mostOwners)
  const told = new Lru<string, true>(mostNotices)
  const kept = new KeptDefinitions(store, log)
  /** By virtual server and tenant: being read, or (undefined) done. */
  const restored = new Map<string, Promise<void> | undefined>()
  /** Lists that somebody asked for since, which is newer than the store. */
  const listed = new Set<string>()
  const takeNotice = limitRequests(noticeLimits, Date.now)

  const keep = (owner: string, changes: Iterable<readonly [name: string, deviation: Deviation | null | undefined]>) => {
    const known = deviations.get(owner) ?? new Map<string, Deviation>()
    for (const [name, deviation] of changes) remember(known, name, deviation ?? undefined)
    if (known.size > 0) deviations.set(owner, known)
    else deviations.delete(owner)
  }

  peers?.hear(topic, (message) => {
    const { seen, told: key } = message as SeenByPeer
    if (key !== undefined) told.set(key, true)
    if (seen === undefined) return
    listed.add(seen.list)
    keep(seen.owner, seen.changes)
  })

  /** Compares what the store says was listed last with the pins. */
  const readDeviations = async (place: string, { tenant, routeName: server }: Exchange, pins: ServerPins) => {
    for (const list of definitionLists) {
      const entries = await readKeptDefinitions(store, { tenant, server, list })
      if (entries === undefined || listed.has(`${place} ${list}`)) continue
      const known = deviations.get(`${place} `) ?? new Map<string, Deviation>()
      for (const entry of entries) {
        const name = stringMember(entry, keyOfList[list])
        const hash = hashDefinition(list, entry)
        if (name === undefined || hash === pins[list].get(name)?.hash) continue
        remember(known, `${list} ${name}`, { hash, suspicions: inspectDefinition(entry) })
      }
      if (known.size > 0) deviations.set(`${place} `, known)
    }
  }

  const restore = (place: string, exchange: Exchange, pins: ServerPins): Promise<void> => {
    const reading = readDeviations(place, exchange, pins)
      .catch((error: unknown) => log.warn({ route: exchange.routeName, err: error }, 'could not read definitions'))
      .finally(() => restored.set(place, undefined))
    restored.set(place, reading)
    return reading
  }

  const report = (exchange: Exchange, notice: DefinitionNotice): void => {
    const { event: type, list, name, hash, blockedBy, policyName } = notice
    const key = JSON.stringify([exchange.tenant, exchange.routeName, type, list, name, hash, blockedBy])
    if (told.has(key) || takeNotice(exchange.routeName) > 0) return
    told.set(key, true)
    peers?.tell(topic, { told: key } satisfies SeenByPeer)
    const detail = notice.describe()
    const event = newEvent(type, Date.now(), exchange.requestId)
    event.tenant = exchange.tenant
    event.virtualServer = exchange.routeName
    event.subject = exchange.subject?.id ?? null
    event.clientId = exchange.subject?.clientId ?? null
    event.capabilityType = typeOfList[list]
    event.capability = name.slice(0, 1000)
    event.policy = policyName
    event.outcome = blockedBy ? 'denied' : 'success'
    event.failureOrigin = blockedBy ? 'upstream' : null
    event.reason = blockedBy ?? null
    event.detail = detail
    recorder.record(event)
    if (notice.warns) {
      const message =
        type === 'capability_changed' ? 'a definition is not as it is pinned' : 'a definition is suspicious'
      log.warn({ route: exchange.routeName, capability: event.capability, policy: policyName, detail }, message)
    }
  }

  return {
    of({ pins, routes }) {
      const personal = findPersonal(routes)
      // Where everybody has an account of their own, a list may differ for one of them, and the others are not concerned.
      const ownerOf = (exchange: Exchange) =>
        `${placeOf(exchange)} ${personal.has(exchange.routeName) ? (exchange.subject?.id ?? '') : ''}`
      return {
        pinsOf: (server) => pins.get(server),
        ready(exchange) {
          const place = placeOf(exchange)
          if (restored.has(place)) return restored.get(place)
          const pinned = pins.get(exchange.routeName)
          // What one person saw says nothing of another's account.
          if (pinned && !personal.has(exchange.routeName)) return restore(place, exchange, pinned)
          restored.set(place, undefined)
          return undefined
        },
        deviationOf: (exchange, list, name) => deviations.get(ownerOf(exchange))?.get(`${list} ${name}`),
        note(exchange, list, shown) {
          const owner = ownerOf(exchange)
          const place = `${placeOf(exchange)} ${list}`
          listed.add(place)
          const entries = Array.from(shown, ([name, deviation]) => [`${list} ${name}`, deviation] as const)
          if (peers) {
            const before = deviations.get(owner)
            const news = entries.filter(([name, deviation]) => before?.get(name)?.hash !== deviation?.hash)
            const changes = news.map(([name, deviation]) => [name, deviation ?? null] as const)
            if (changes.length > 0) peers.tell(topic, { seen: { owner, list: place, changes } } satisfies SeenByPeer)
          }
          keep(owner, entries)
        },
        keep({ tenant, routeName: server, subject }, list, page, entries) {
          kept.keep({ tenant, server, list }, subject?.id, page, entries)
        },
        report,
      }
    },
    flush: () => kept.flush(),
  }
}

function placeOf({ routeName, tenant }: Exchange): string {
  return `${routeName} ${tenant}`
}

/** Routes whose upstream, or that of a member, each person reaches with an account of their own, which may list other things. */
function findPersonal(routes: readonly RouteSpec[]): ReadonlySet<string> {
  const own = routes.filter(({ upstream }) => upstream !== undefined && !isSharedMode(upstream.mode))
  const personal = new Set(own.map(({ operationId }) => operationId))
  const aggregates = routes.filter(({ handler: { type, options } }) =>
    [...(type.memberRoutes?.(options).values() ?? [])].some((member) => personal.has(member)),
  )
  return new Set([...personal, ...aggregates.map(({ operationId }) => operationId)])
}

/** The oldest go first: an upstream that invents names for ever must not fill the memory. */
function remember(known: Deviations, key: string, deviation: Deviation | undefined): void {
  known.delete(key)
  if (deviation === undefined) return
  const oldest = known.size < mostDeviations ? undefined : known.keys().next().value
  if (oldest !== undefined) known.delete(oldest)
  known.set(key, deviation)
}
