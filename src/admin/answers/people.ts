import type { EventFilter } from '../../analytics/event-filter.ts'
import { ownerOf, sharedOwner } from '../../credentials/connections.ts'
import { createPersonRecords, type RememberedPerson } from '../../identity/person-records.ts'
import { toIsoTime } from '../../lib/iso-time.ts'
import { listGrants } from '../../oauth/authorization-server/list-grants.ts'
import type { AdminHost } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'
import { askQuestion } from '../ask-question.ts'
import { makeCursor, type Page, type PageRequest, readCursor } from '../page.ts'
import { mostListed } from './connections.ts'

/** As many as a question lists. Who calls less is found by a search among those who signed in. */
const mostActive = 1000
const dayMs = 24 * 60 * 60 * 1000

export const peopleAnswers: AnswersOf<'listPeople' | 'listTeams'> = {
  async listPeople({ query }, { host }) {
    const { tenant, team, search, days } = query
    const filter = describeRange(days, tenant, host)
    const used = await readUse({ ...filter, ...(team !== undefined && { team }) }, host)
    const people = new Map(
      (await createPersonRecords(host.storage.oauth, host.clock).list()).map((each) => [each.subject, each]),
    )
    const isListed = ({ claimedTenant }: RememberedPerson) => tenant === undefined || claimedTenant === tenant
    const quiet = team === undefined ? [...people.values()].filter(isListed).map(({ subject }) => subject) : []
    const subjects = [...new Set([...used.keys(), ...quiet])]
    const found = subjects.filter((subject) => matches(subject, people.get(subject), search))
    const { items, nextCursor } = pageByName(found, query, (subject) => subject)
    const holdings = await countHoldings(host, tenant)
    const shown = items.map(async (subject) => ({
      ...describePerson(subject, people.get(subject)),
      ...(used.get(subject) ?? nothingUsed),
      lastSeenAt: used.has(subject) ? await findLastTime({ ...filter, subject }, host) : null,
      connections: holdings.connections.get(ownerOf(subject)) ?? 0,
      grants: holdings.grants.get(subject) ?? 0,
    }))
    return { items: await Promise.all(shown), nextCursor }
  },
  async listTeams({ query }, { host }) {
    const filter = describeRange(query.days, query.tenant, host)
    const { items } = await askQuestion(host, 'top-teams', { ...filter, limit: mostActive })
    const teams = items.flatMap((item) => (item.filter.team ? [{ ...item, team: item.filter.team }] : []))
    const page = pageByName(teams, query, ({ team }) => team)
    const shown = page.items.map(async ({ team, events, clientErrors, gatewayErrors, upstreamErrors }) => ({
      team,
      people: (await askQuestion(host, 'subject-use', { ...filter, team, limit: 1 })).total,
      calls: events,
      failures: clientErrors + gatewayErrors + upstreamErrors,
      lastSeenAt: await findLastTime({ ...filter, team }, host),
    }))
    return { items: await Promise.all(shown), nextCursor: page.nextCursor }
  },
}

function describeRange(days: number, tenant: string | undefined, { clock }: AdminHost): EventFilter {
  return { family: 'traffic', sinceMs: clock() - days * dayMs, ...(tenant !== undefined && { tenant }) }
}

const nothingUsed = { calls: 0, team: null, virtualServers: [], clients: [] }

/** What everybody uses, the most active first. */
async function readUse(filter: EventFilter, host: AdminHost) {
  const { items } = await askQuestion(host, 'subject-use', { ...filter, limit: mostActive })
  const entries = items.map(({ filter: { subject = '' }, events, teams, virtualServers, clientNames }) => {
    return [subject, { calls: events, team: teams[0] ?? null, virtualServers, clients: clientNames }] as const
  })
  return new Map(entries)
}

async function findLastTime(filter: EventFilter, host: AdminHost): Promise<string | null> {
  const { items } = await host.events().rows(filter, { limit: 1 })
  return toIsoTime(items[0]?.event.time)
}

function matches(subject: string, person: RememberedPerson | undefined, search: string | undefined): boolean {
  if (search === undefined) return true
  const wanted = search.toLowerCase()
  return [subject, person?.displayName, person?.email].some((text) => text?.toLowerCase().includes(wanted) === true)
}

function describePerson(subject: string, person: RememberedPerson | undefined) {
  return {
    subject,
    name: person?.displayName ?? null,
    email: person?.email ?? null,
    tenant: person?.claimedTenant ?? null,
    roles: [...(person?.roles ?? [])],
    groups: [...(person?.groups ?? [])],
    lastSignInAt: toIsoTime(person?.signedInAtMs),
  }
}

/** How many connections and grants everybody has. */
async function countHoldings({ storage }: AdminHost, tenant: string | undefined) {
  const connections = await storage.connections.list({ tenant, limit: mostListed })
  const grants = await listGrants(storage.oauth, tenant)
  return {
    connections: countBy(connections.map(({ owner }) => owner).filter((owner) => owner !== sharedOwner)),
    grants: countBy(grants.map(({ subject }) => subject)),
  }
}

function countBy(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]))
}

/** A page of a ranking. Whoever overtakes others between two pages may be on both of them. */
function pageByName<Item>(
  items: readonly Item[],
  { cursor, limit }: PageRequest,
  nameOf: (item: Item) => string,
): Page<Item> {
  const last = cursor === undefined ? undefined : readCursor(cursor)
  const start = last === undefined ? 0 : items.findIndex((item) => nameOf(item) === last) + 1
  const page = items.slice(start, start + limit)
  const end = start + limit < items.length ? page.at(-1) : undefined
  return { items: page, nextCursor: end === undefined ? null : makeCursor(nameOf(end)) }
}
