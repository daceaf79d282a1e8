import type { EventFilter } from '../../analytics/event-filter.ts'
import { sharedOwner } from '../../credentials/connections.ts'
import { createPersonRecords, type RememberedPerson } from '../../identity/person-records.ts'
import { toIsoTime } from '../../lib/iso-time.ts'
import { listGrants } from '../../oauth/authorization-server/list-grants.ts'
import type { AdminHost } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'
import { askForMost } from '../ask-question.ts'
import { makeCursor, type Page, type PageRequest, readCursor } from '../page.ts'
import { mostListed } from './connections.ts'

/** As many as a question lists. Who calls less is found by a search among those who signed in. */
const mostActive = 1000
/** What is shown of what one person or team uses. */
const mostUsed = 10
const dayMs = 24 * 60 * 60 * 1000

export const peopleAnswers: AnswersOf<'listPeople' | 'listTeams'> = {
  async listPeople({ query }, { host }) {
    const { tenant, team, search, days } = query
    const filter = {
      sinceMs: sinceDays(days, host),
      ...(tenant !== undefined && { tenant }),
      ...(team !== undefined && { team }),
    }
    const people = new Map(
      (await createPersonRecords(host.storage.oauth, host.clock).list()).map((each) => [each.subject, each]),
    )
    const active = (await askForMost(host, 'top-subjects', { ...filter, limit: mostActive })).items
    const calls = new Map(
      active.flatMap(({ filter: { subject }, events }) => (subject ? [[subject, events] as const] : [])),
    )
    const isListed = ({ claimedTenant }: RememberedPerson) => tenant === undefined || claimedTenant === tenant
    const quiet = team === undefined ? [...people.values()].filter(isListed).map(({ subject }) => subject) : []
    const subjects = [...new Set([...calls.keys(), ...quiet])].filter((subject) =>
      matches(subject, people.get(subject), search),
    )
    const page = pageByName(subjects, query, (subject) => subject)
    const holdings = await countHoldings(host, tenant)
    const items = await Promise.all(
      page.items.map(async (subject) => ({
        ...describePerson(subject, people.get(subject)),
        ...(await describeUse(subject, filter, host)),
        calls: calls.get(subject) ?? 0,
        connections: holdings.connections.get(`subject:${subject}`) ?? 0,
        grants: holdings.grants.get(subject) ?? 0,
      })),
    )
    return { items, nextCursor: page.nextCursor }
  },
  async listTeams({ query }, { host }) {
    const { tenant, days } = query
    const filter = { sinceMs: sinceDays(days, host), ...(tenant !== undefined && { tenant }) }
    const teams = (await askForMost(host, 'top-teams', { ...filter, limit: mostActive })).items
    const named = teams.flatMap((item) => (item.filter.team ? [{ ...item, team: item.filter.team }] : []))
    const page = pageByName(named, query, ({ team }) => team)
    const items = await Promise.all(
      page.items.map(async ({ team, events, clientErrors, gatewayErrors, upstreamErrors }) => {
        const [subjects, last] = await Promise.all([
          askForMost(host, 'top-subjects', { ...filter, team, limit: 1 }),
          host.events().rows({ ...filter, team }, { limit: 1 }),
        ])
        const failures = clientErrors + gatewayErrors + upstreamErrors
        return {
          team,
          people: subjects.total,
          calls: events,
          failures,
          lastSeenAt: toIsoTime(last.items[0]?.event.time),
        }
      }),
    )
    return { items, nextCursor: page.nextCursor }
  },
}

function sinceDays(days: number, { clock }: AdminHost): number {
  return clock() - days * dayMs
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

async function describeUse(subject: string, filter: EventFilter, host: AdminHost) {
  const [last, servers, clients] = await Promise.all([
    host.events().rows({ ...filter, subject }, { limit: 1 }),
    askForMost(host, 'top-virtual-servers', { ...filter, subject, limit: mostUsed }),
    askForMost(host, 'top-clients', { ...filter, subject, limit: mostUsed }),
  ])
  const latest = last.items[0]?.event
  return {
    team: latest?.team ?? null,
    lastSeenAt: toIsoTime(latest?.time),
    virtualServers: servers.items.flatMap((item) => item.filter.virtualServer || []),
    clients: clients.items.flatMap((item) => item.filter.clientName || []),
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
