import { z } from 'zod'
import { credentialModes } from '../../contracts/upstream.ts'
import type { ReasonCode } from '../../errors/reasons.ts'
import { reasons } from '../../errors/reasons.ts'
import type { OperationDeclaration } from '../operation.ts'
import { idParams, time } from './paging.ts'

const reason = z.enum(Object.keys(reasons) as [ReasonCode, ...ReasonCode[]])

const health = z.object({
  state: z.enum(['healthy', 'degraded', 'failing', 'unknown']).describe('`unknown`: nobody called it lately.'),
  windowMinutes: z.int(),
  calls: z.int(),
  failures: z.int().describe('Those that began at the upstream.'),
  lastSuccessAt: time.nullable(),
  lastFailureAt: time.nullable(),
  lastFailureReason: reason.nullable(),
})

const upstream = z.object({
  id: z.string(),
  displayName: z.string(),
  summary: z.string().nullable(),
  host: z.string().describe('As events name it.'),
  url: z.string(),
  credentialMode: z.enum(credentialModes).nullable().describe('null: the route presents what its policies say.'),
  virtualServers: z.array(z.string()),
  connections: z.object({ connected: z.int(), reconsentRequired: z.int() }),
  health,
})

export const listUpstreams = {
  id: 'listUpstreams',
  method: 'GET',
  path: '/upstreams',
  tag: 'Upstreams',
  role: 'viewer',
  summary: 'What the virtual servers call, and how it went lately.',
  answer: z.object({ items: z.array(upstream) }),
} as const satisfies OperationDeclaration

export const getUpstream = {
  id: 'getUpstream',
  method: 'GET',
  path: '/upstreams/{id}',
  tag: 'Upstreams',
  role: 'viewer',
  summary: 'One upstream.',
  params: idParams,
  answer: upstream,
} as const satisfies OperationDeclaration

export const probeUpstream = {
  id: 'probeUpstream',
  method: 'POST',
  path: '/upstreams/{id}/probe',
  tag: 'Upstreams',
  role: 'editor',
  summary: 'Asks an upstream of the project whether it answers. Without a credential: 401 means that it is there.',
  params: idParams,
  answer: z.object({
    reachable: z.boolean(),
    latencyMs: z.number(),
    httpStatus: z.int().nullable(),
    reason: reason.nullable().describe('Why it cannot be reached.'),
    asksForSignIn: z.boolean().describe('It answered 401.'),
  }),
  reasons: ['limit_rate_exceeded'],
} as const satisfies OperationDeclaration
