import { LRUCache } from 'lru-cache'
import { type EventRecorder, newEvent } from '../../analytics/event.ts'
import type { Project, RouteSpec } from '../../config/project.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { Logger } from '../../contracts/logger.ts'
import {
  type DefinitionList,
  type DefinitionNotice,
  type Deviation,
  type PinnedDefinitions,
  type ServerPins,
} from '../../contracts/pinned-definitions.ts'
import type { KnownCatalogRecord, KnownCatalogs } from '../../contracts/storage.ts'
import { limitRequests } from '../../http/limit-requests.ts'
import { sha256 } from '../../lib/hash.ts'
import { isJsonObject, stringMember } from '../../lib/json.ts'
import { isSharedMode } from '../known-catalogs.ts'
import { hashDefinition, keyOfList, typeOfList } from './hash-definition.ts'
import { inspectDefinition } from './inspect-definition.ts'
import { definitionLists } from './pins-file.ts'

/** What the watch needs of the gateway. */
export interface WatchDefinitionsOptions {
  readonly store: KnownCatalogs
  readonly recorder: EventRecorder
  readonly log: Logger
}

/** The part of a project that definitions are watched under. */
export type WatchedProject = Pick<Project, 'pins' | 'routes'>

/** Definitions as long as the gateway runs; `of` gives the view of one snapshot. */
export interface DefinitionWatch {
  of(project: WatchedProject): PinnedDefinitions
  /** Resolves when everything is written. */
  flush(): Promise<void>
}

type Deviations = Map<string, Deviation>

interface Pages {
  readonly entries: readonly unknown[]
  readonly next: string
}

/** Owner of what is kept for `sallyport pins`: no subject, and not the shared connection, whose end removes what it saw. */
export const definitionsOwner = 'definitions'

const mostOwners = 10_000
const mostDeviations = 5_000
const mostEntries = 20_000
const mostNotices = 10_000
const largestBytes = 8 * 1024 * 1024
const writeAfterMs = 500
/** An upstream that says something else every time must not push other events out. */
const noticeLimits = { perAddress: 1_000, total: 5_000, windowSeconds: 600 }

/** Remembers what deviates from the pins, tells each thing once, and keeps what upstreams listed last. Survives a reload, as pins change with one. */
export function createDefinitionWatch({ store, recorder, log }: WatchDefinitionsOptions): DefinitionWatch {
  const deviations = new LRUCache<string, Deviations>({ max: mostOwners })
  const told = new LRUCache<string, true>({ max: mostNotices })
  const unfinished = new LRUCache<string, Pages>({ max: 200 })
  const written = new LRUCache<string, string>({ max: mostNotices })
  /** By virtual server and tenant: being read, or (undefined) done. */
  const restored = new Map<string, Promise<void> | undefined>()
  let writing = Promise.resolve()

  /** By key; of several within the time only the last is written. */
  const pending = new Map<string, KnownCatalogRecord>()
  let timer: NodeJS.Timeout | undefined
  const takeNotice = limitRequests(noticeLimits, Date.now)

  const write = ({ tenant, routeName }: Exchange, list: DefinitionList, entries: readonly unknown[]): void => {
    const result = JSON.stringify({ entries })
    if (result.length > largestBytes) return
    const record = {
      tenant,
      virtualServer: routeName,
      owner: definitionsOwner,
      method: list,
      result,
      updatedAtMs: Date.now(),
    }
    pending.set(JSON.stringify([tenant, routeName, list]), record)
    timer ??= setTimeout(() => void flush(), writeAfterMs).unref()
  }

  const flush = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const records = [...pending]
    pending.clear()
    for (const [key, record] of records) {
      const hash = sha256(record.result)
      if (written.get(key) === hash) continue
      written.set(key, hash)
      writing = writing
        .then(() => store.put(record))
        .catch((error: unknown) => log.warn({ route: record.virtualServer, err: error }, 'could not keep definitions'))
    }
    return writing
  }

  /** What the store says was listed last, compared with the pins. */
  const readDeviations = async (virtualServer: string, tenant: string, pins: ServerPins): Promise<Deviations> => {
    const known: Deviations = new Map()
    for (const list of definitionLists) {
      const record = await store.find({ tenant, virtualServer, owner: definitionsOwner, method: list })
      const result: unknown = record && JSON.parse(record.result)
      const entries: unknown = isJsonObject(result) ? result.entries : undefined
      for (const entry of Array.isArray(entries) ? (entries as unknown[]).filter(isJsonObject) : []) {
        const name = stringMember(entry, keyOfList[list])
        const hash = hashDefinition(list, entry)
        if (name === undefined || hash === pins[list].get(name)?.hash) continue
        remember(known, `${list} ${name}`, { hash, suspicions: inspectDefinition(entry) })
      }
    }
    return known
  }

  const restore = (key: string, exchange: Exchange, pins: ServerPins): Promise<void> => {
    const reading = readDeviations(exchange.routeName, exchange.tenant, pins)
      .then((known) => {
        // Unless somebody listed meanwhile, who knows better.
        if (restored.get(key) === reading && known.size > 0) deviations.set(`${key} `, known)
      })
      .catch((error: unknown) => log.warn({ route: exchange.routeName, err: error }, 'could not read definitions'))
      .finally(() => restored.set(key, undefined))
    restored.set(key, reading)
    return reading
  }

  const report = (exchange: Exchange, notice: DefinitionNotice): void => {
    const { event: type, list, name, hash, blockedBy, policyName } = notice
    const key = JSON.stringify([exchange.tenant, exchange.routeName, type, list, name, hash, blockedBy])
    if (told.has(key) || takeNotice(exchange.routeName) > 0) return
    told.set(key, true)
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
      const personal = new Set(routes.filter(isPersonal).map(({ operationId }) => operationId))
      // Where everybody has an account of their own, a list may differ for one of them, and the others are not concerned.
      const ownerOf = ({ routeName, tenant, subject }: Exchange) =>
        `${routeName} ${tenant} ${personal.has(routeName) ? (subject?.id ?? '') : ''}`
      return {
        pinsOf: (server) => pins.get(server),
        ready(exchange) {
          const key = `${exchange.routeName} ${exchange.tenant}`
          if (restored.has(key)) return restored.get(key)
          const pinned = pins.get(exchange.routeName)
          // What one person saw says nothing of another's account.
          if (pinned && !personal.has(exchange.routeName)) return restore(key, exchange, pinned)
          restored.set(key, undefined)
          return undefined
        },
        deviationOf: (exchange, list, name) => deviations.get(ownerOf(exchange))?.get(`${list} ${name}`),
        note(exchange, list, shown) {
          const owner = ownerOf(exchange)
          restored.set(`${exchange.routeName} ${exchange.tenant}`, undefined)
          const known = deviations.get(owner) ?? new Map<string, Deviation>()
          for (const [name, deviation] of shown) remember(known, `${list} ${name}`, deviation)
          if (known.size > 0) deviations.set(owner, known)
          else deviations.delete(owner)
        },
        keep(exchange, list, { cursor, next }, entries) {
          const key = JSON.stringify([ownerOf(exchange), exchange.subject?.id, list])
          const before = cursor === undefined ? undefined : unfinished.get(key)
          if (cursor !== undefined && before?.next !== cursor) return
          const all = [...(before?.entries ?? []), ...entries]
          unfinished.delete(key)
          if (next === undefined) write(exchange, list, all)
          else if (all.length <= mostEntries) unfinished.set(key, { entries: all, next })
        },
        report,
      }
    },
    flush,
  }
}

/** Each person reaches the upstream with an account of their own, which may list other things. */
function isPersonal({ upstream }: RouteSpec): boolean {
  return upstream !== undefined && !isSharedMode(upstream.mode)
}

/** The oldest go first: an upstream that invents names for ever must not fill the memory. */
function remember(known: Deviations, key: string, deviation: Deviation | undefined): void {
  known.delete(key)
  if (deviation === undefined) return
  const oldest = known.size < mostDeviations ? undefined : known.keys().next().value
  if (oldest !== undefined) known.delete(oldest)
  known.set(key, deviation)
}
