import type { z } from 'zod'
import type { EventFilter } from '../analytics/event-filter.ts'
import { type listAnswer, type listParams } from '../analytics/questions/question.ts'
import type { AdminHost } from './admin-host.ts'

type ListAnswer = z.output<typeof listAnswer>
type ListQuestion = 'top-subjects' | 'top-teams' | 'top-virtual-servers' | 'top-clients' | 'top-upstreams'

/** Asks what there is most of, for an answer of the admin API. */
export async function askForMost(
  host: Pick<AdminHost, 'events'>,
  question: ListQuestion,
  params: EventFilter & Pick<z.input<typeof listParams>, 'limit'>,
): Promise<ListAnswer> {
  const asked = await host.events().ask(question, params)
  if (!('answer' in asked)) throw new Error(`${question}: ${asked.message}`)
  return asked.answer as ListAnswer
}
