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
const mostStreams = 32
let openStreams = 0

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
    if (openStreams >= mostStreams) throw new GatewayError('limit_streams_exceeded')
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

/** What was recorded after the stream began, or after the event that the client saw last. */
async function* follow(
  filter: EventFilter,
  { host, signal, lastEventId }: AdminCall,
): AsyncGenerator<StreamedItem<GatewayEvent>> {
  openStreams += 1
  try {
    let cursor = lastEventId
    while (!signal.aborted) {
      const { items, next } = await host.events().after(cursor, filter, mostAtOnce)
      for (const item of items) yield { id: item.cursor, data: item.event }
      cursor = next
      if (items.length < mostAtOnce) await delay(pollMs, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    openStreams -= 1
  }
}
