import { z } from 'zod'
import { tenantPattern, tenantRule } from '../../lib/tenant.ts'
import type { OperationDeclaration } from '../operation.ts'
import { idParams, pageOf, pageQuery, tenantFilter, time } from './paging.ts'

const key = z.object({
  id: z.string(),
  consumer: z.string(),
  tenant: z.string(),
  metadata: z.record(z.string(), z.unknown()),
  state: z.enum(['live', 'expired', 'revoked']),
  createdAt: time,
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
  lastUsedAt: time.nullable(),
})

export const listKeys = {
  id: 'listKeys',
  method: 'GET',
  path: '/keys',
  tag: 'Keys',
  role: 'viewer',
  summary: 'API keys, newest first; never a key itself.',
  query: z.object({
    ...pageQuery,
    tenant: tenantFilter,
    consumer: z.string().optional(),
    state: z.enum(['live', 'expired', 'revoked']).optional(),
  }),
  answer: pageOf(key),
} as const satisfies OperationDeclaration

export const createKey = {
  id: 'createKey',
  method: 'POST',
  path: '/keys',
  tag: 'Keys',
  role: 'editor',
  summary: 'Makes an API key. It is in this answer and nowhere else.',
  body: z.strictObject({
    consumer: z.string().max(64).describe('Who will call with it.'),
    tenant: z.string().regex(tenantPattern, tenantRule).default('default'),
    expiresAt: z.iso.datetime().optional().describe('Absent: it does not expire.'),
    metadata: z.record(z.string().max(100), z.string().max(1000)).optional(),
  }),
  status: 201,
  answer: key.extend({ key: z.string().describe('Shown this one time.') }),
} as const satisfies OperationDeclaration

export const revokeKey = {
  id: 'revokeKey',
  method: 'DELETE',
  path: '/keys/{id}',
  tag: 'Keys',
  role: 'editor',
  summary: 'Revokes a key; what runs under it ends within a second.',
  params: idParams,
  query: z.object({ tenant: tenantFilter.describe('Tenant of the key. Absent: the default one.') }),
} as const satisfies OperationDeclaration
