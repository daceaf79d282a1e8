import { z } from 'zod'
import { eventFields } from '../../analytics/event.ts'
import { eventFilter } from '../../analytics/event-filter.ts'
import type { OperationDeclaration } from '../operation.ts'
import { idParams, pageOf, pageQuery } from './paging.ts'

export const listEvents = {
  id: 'listEvents',
  method: 'GET',
  path: '/events',
  tag: 'Events',
  role: 'viewer',
  summary: 'Events that fit every filter, newest first.',
  query: z.object({ ...pageQuery, ...eventFilter.shape }),
  answer: pageOf(eventFields),
} as const satisfies OperationDeclaration

export const streamEvents = {
  id: 'streamEvents',
  method: 'GET',
  path: '/events/stream',
  tag: 'Events',
  role: 'viewer',
  summary: 'Events that fit every filter, as they happen. `Last-Event-ID` goes on where a stream ended.',
  query: eventFilter,
  answer: eventFields,
  isEventStream: true,
  reasons: ['limit_streams_exceeded'],
} as const satisfies OperationDeclaration

export const getEvent = {
  id: 'getEvent',
  method: 'GET',
  path: '/events/{id}',
  tag: 'Events',
  role: 'viewer',
  summary: 'One event.',
  params: idParams,
  answer: eventFields,
} as const satisfies OperationDeclaration

export const listQuestions = {
  id: 'listQuestions',
  method: 'GET',
  path: '/questions',
  tag: 'Events',
  role: 'viewer',
  summary: 'What can be asked about the events, with the JSON Schemas of parameters and answers.',
  answer: z.object({
    items: z.array(
      z.object({
        name: z.string(),
        summary: z.string(),
        params: z.looseObject({}),
        answer: z.looseObject({}),
      }),
    ),
  }),
} as const satisfies OperationDeclaration

export const askQuestion = {
  id: 'askQuestion',
  method: 'GET',
  path: '/questions/{name}',
  tag: 'Events',
  role: 'viewer',
  summary: 'Asks one question. Its parameters, as `listQuestions` describes them, are members of the query.',
  params: z.object({ name: z.string().min(1).max(100) }),
  query: z.looseObject({}),
  answer: z.unknown().describe('As `listQuestions` describes it.'),
} as const satisfies OperationDeclaration
