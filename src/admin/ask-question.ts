import type { z } from 'zod'
import type { EventFilter } from '../analytics/event-filter.ts'
import type { listAnswer } from '../analytics/questions/question.ts'
import type { subjectUse } from '../analytics/questions/subject-use.ts'
import type { AdminHost } from './admin-host.ts'

/** Questions that answers of the admin API are made of, with what they answer. */
interface AskedQuestions {
  readonly 'top-teams': z.output<typeof listAnswer>
  readonly 'subject-use': z.output<typeof subjectUse.answer>
}

/** Asks a question for an answer of the admin API. */
export async function askQuestion<Name extends keyof AskedQuestions>(
  { events }: Pick<AdminHost, 'events'>,
  name: Name,
  params: EventFilter & { readonly limit: number },
): Promise<AskedQuestions[Name]> {
  const asked = await events().ask(name, params)
  if (!('answer' in asked)) throw new Error(`${name}: ${asked.message}`)
  return asked.answer as AskedQuestions[Name]
}
