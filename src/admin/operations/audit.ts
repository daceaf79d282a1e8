import { z } from 'zod'
import type { OperationDeclaration } from '../operation.ts'
import { pageOf, pageQuery, tenantFilter, time } from './paging.ts'

const entry = z.object({
  sequence: z.int().describe('Counts from 1, without gaps.'),
  time,
  type: z.string(),
  fields: z.record(z.string(), z.unknown()),
  redacted: z.array(z.string()).describe('Fields that were redacted later.'),
  hash: z.string().describe('Commits to this entry and all before it.'),
})

export const listAudit = {
  id: 'listAudit',
  method: 'GET',
  path: '/audit',
  tag: 'Audit',
  role: 'viewer',
  summary: 'The tamper-evident trail, newest first.',
  query: z.object({
    ...pageQuery,
    tenant: tenantFilter,
    subject: z.string().optional().describe('Acting, or acted for.'),
    type: z.string().optional(),
    sinceMs: z.coerce.number().int().optional(),
  }),
  answer: pageOf(entry),
} as const satisfies OperationDeclaration

export const verifyAudit = {
  id: 'verifyAudit',
  method: 'GET',
  path: '/audit/verification',
  tag: 'Audit',
  role: 'viewer',
  summary: 'Verifies the whole trail: every hash, every signature.',
  answer: z.object({
    entries: z.int(),
    firstSequence: z.int().nullable(),
    lastSequence: z.int().nullable(),
    lastHash: z.string().nullable(),
    signedUpTo: z.int(),
    keys: z.array(z.string()),
    problems: z.array(
      z.object({
        kind: z.enum(['altered', 'missing', 'out-of-order', 'bad-signature', 'truncated', 'unknown-key']),
        sequence: z.int(),
        message: z.string(),
      }),
    ),
  }),
} as const satisfies OperationDeclaration
