import { z } from 'zod'
import { eventFilter } from '../event-filter.ts'
import { applyDefaults, filterFor } from './describe-tally.ts'
import { answerBase, defineQuestion, type Group } from './question.ts'

/** Names shown of one kind, those with most events first. */
const mostNames = 10
const names = (what: string) => z.array(z.string()).describe(`${what} At most ${mostNames}, the most used first.`)

export const subjectUse = defineQuestion({
  name: 'subject-use',
  summary: 'What each subject uses: teams, virtual servers and MCP clients; the most active subjects first.',
  params: eventFilter.extend({
    limit: z.coerce.number().int().min(1).max(1000).default(10).describe('Most entries.'),
  }),
  answer: answerBase.extend({
    items: z.array(
      z.object({
        filter: eventFilter.describe('Add it to the filter of the answer for the events of this entry.'),
        events: z.int(),
        teams: names('Teams that they were in.'),
        virtualServers: names('Virtual servers.'),
        clientNames: names('MCP clients, by the name they give themselves.'),
      }),
    ),
    total: z.int().describe('Entries there are, without the limit.'),
  }),
  async ask(reader, { limit, ...params }) {
    const filter = applyDefaults(params, reader.nowMs)
    const groups = await reader.group(filter, { by: ['subject', 'team', 'virtualServer', 'clientName'] })
    const bySubject = Map.groupBy(groups, ({ key }) => key[0] ?? null)
    bySubject.delete(null)
    const items = [...bySubject].map(([subject, of]) => ({
      filter: filterFor(['subject'], [subject]),
      events: sum(of),
      teams: listNames(of, 1),
      virtualServers: listNames(of, 2),
      clientNames: listNames(of, 3),
    }))
    return { filter, items: items.toSorted((a, b) => b.events - a.events).slice(0, limit), total: items.length }
  },
})

function sum(groups: readonly Group[]): number {
  return groups.reduce((total, { tally }) => total + tally.events, 0)
}

/** The values of the field at `place` of the key, those with most events first. */
function listNames(groups: readonly Group[], place: number): string[] {
  const byName = Map.groupBy(groups, ({ key }) => key[place] ?? '')
  const named = [...byName].flatMap(([name, of]) =>
    typeof name === 'string' && name !== '' ? [{ name, events: sum(of) }] : [],
  )
  return named
    .toSorted((a, b) => b.events - a.events)
    .slice(0, mostNames)
    .map(({ name }) => name)
}
