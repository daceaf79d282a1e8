import { setTimeout as delay } from 'node:timers/promises'
import type { GatewayEvent } from '../../analytics/event.ts'
import type { EventFilter } from '../../analytics/event-filter.ts'
import { questions } from '../../analytics/questions/index.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { AdminCall } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'
import { toSchema } from '../openapi.ts'
import type { StreamedItem } from '../operation.ts'

/** How often the store is asked for what is new. Events are written twice a second. Milliseconds. */
const pollMs = 500
const mostAtOnce = 200
/** Each asks the store twice a second, whoever looks. */
const mostStreams = 32
/** Somebody looks at one or two, in as many tabs; with more, a few forgotten tabs, or one person, would take those of everybody. */
const mostStreamsOfPerson = 4
/** People by subject; whoever has no stream is not in it. */
const openStreams = new Map<string, number>()

type EventOperations = 'listEvents' | 'streamEvents' | 'getEvent' | 'listQuestions' | 'askQuestion'

export const eventAnswers: AnswersOf<EventOperations> = {
  async listEvents({ query }, { host }) {
    const { cursor, limit, ...filter } = query
    const { items, next } = await host.events().rows(filter, { limit, before: cursor })
    return { items: items.map(({ event }) => event), nextCursor: next ?? null }
  },
  async getEvent({ params }, { host }) {
    const event = await host.events().row(params.id)
    if (event === undefined) throw new GatewayError('admin_not_found')
    return event
  },
  streamEvents({ query }, call) {
    const all = [...openStreams.values()].reduce((sum, each) => sum + each, 0)
    const { subject } = call.administrator
    if (all >= mostStreams || countStreams(subject) >= mostStreamsOfPerson) {
      throw new GatewayError('limit_streams_exceeded', { headers: { 'retry-after': '60' } })
    }
    openStreams.set(subject, countStreams(subject) + 1)
    return follow(query, call)
  },
  listQuestions: () => ({
    items: questions.map(({ name, summary, params, answer }) => ({
      name,
      summary,
      params: toSchema(params, 'input'),
      answer: toSchema(answer, 'output'),
    })),
  }),
  async askQuestion({ params, query }, { host }) {
    const asked = await host.events().ask(params.name, query)
    if ('answer' in asked) return asked.answer
    if (asked.problem === 'unknown-question') throw new GatewayError('admin_not_found', { message: asked.message })
    throw new GatewayError('admin_request_invalid', { message: asked.message })
  },
}

function countStreams(subject: string): number {
  return openStreams.get(subject) ?? 0
}

/** What was recorded after the stream began, or after the event that the client saw last. */
async function* follow(
  filter: EventFilter,
  { host, signal, lastEventId, administrator: { subject } }: AdminCall,
): AsyncGenerator<StreamedItem<GatewayEvent>> {
  try {
    let cursor = lastEventId
    while (!signal.aborted) {
      const { items, next } = await host.events().after(cursor, filter, mostAtOnce)
      for (const item of items) yield { id: item.cursor, data: item.event }
      cursor = next
      if (items.length < mostAtOnce) await delay(pollMs, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    const left = countStreams(subject) - 1
    if (left > 0) openStreams.set(subject, left)
    else openStreams.delete(subject)
  }
}
