import { z } from 'zod'
import type { OperationDeclaration } from '../operation.ts'
import { time } from './paging.ts'

/** Kinds of things that need somebody. */
const attentionKinds = [
  'reload_failed',
  'project_warning',
  'upstream_failing',
  'connection_reconsent_required',
  'connection_expiring',
  'denied_spike',
  'definition_changed',
  'events_dropped',
] as const

export const listAttention = {
  id: 'listAttention',
  method: 'GET',
  path: '/attention',
  tag: 'Overview',
  role: 'viewer',
  summary: 'What needs somebody now, worst first. Empty: nothing does.',
  answer: z.object({
    items: z.array(
      z.object({
        kind: z.enum(attentionKinds),
        severity: z.enum(['error', 'warning']),
        title: z.string().describe('One sentence.'),
        remedy: z.string().describe('What to do.'),
        since: time.nullable(),
        count: z.int().describe('How many of it there are.'),
        subject: z.string().nullable().describe('What it is about: upstream, virtual server, connection or file.'),
        rows: z
          .record(z.string(), z.union([z.string(), z.number()]))
          .nullable()
          .describe('Filter of `listEvents` for the events behind it; null: there are none.'),
      }),
    ),
  }),
} as const satisfies OperationDeclaration
