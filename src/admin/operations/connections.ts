import { z } from 'zod'
import type { OperationDeclaration } from '../operation.ts'
import { idParams, pageOf, pageQuery, tenantFilter, time } from './paging.ts'

const connection = z.object({
  id: z.string(),
  tenant: z.string(),
  upstream: z.string().describe('Id of the upstream.'),
  owner: z.string().nullable().describe('Subject whose it is; null: it serves everybody.'),
  kind: z.enum(['oauth', 'api-key']),
  state: z.enum(['connected', 'reconsent_required']),
  stateReason: z.string().nullable(),
  issuer: z.string().nullable(),
  scopes: z.array(z.string()),
  connectedBy: z.string(),
  connectedAt: time,
  tokenExpiresAt: time.nullable().describe('Of the access token, which is refreshed where that is possible.'),
  lastUsedAt: time.nullable(),
})

export const listConnections = {
  id: 'listConnections',
  method: 'GET',
  path: '/connections',
  tag: 'Connections',
  role: 'viewer',
  summary: 'Links of people, or of everybody, to upstreams. Newest first; never a credential.',
  query: z.object({
    ...pageQuery,
    tenant: tenantFilter,
    upstream: z.string().optional().describe('Id of the upstream.'),
    subject: z.string().optional().describe('Whose.'),
    state: z.enum(['connected', 'reconsent_required']).optional(),
  }),
  answer: pageOf(connection),
} as const satisfies OperationDeclaration

export const getConnection = {
  id: 'getConnection',
  method: 'GET',
  path: '/connections/{id}',
  tag: 'Connections',
  role: 'viewer',
  summary: 'One connection.',
  params: idParams,
  answer: connection,
} as const satisfies OperationDeclaration

export const removeConnection = {
  id: 'removeConnection',
  method: 'DELETE',
  path: '/connections/{id}',
  tag: 'Connections',
  role: 'editor',
  summary: 'Removes a connection, and revokes its tokens at the upstream where that is possible.',
  params: idParams,
  answer: z.object({ outcome: z.string().describe('What became of the tokens.') }),
} as const satisfies OperationDeclaration
