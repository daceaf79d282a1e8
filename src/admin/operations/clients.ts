import { z } from 'zod'
import { tenantPattern, tenantRule } from '../../lib/tenant.ts'
import type { OperationDeclaration } from '../operation.ts'
import { idParams, pageOf, pageQuery, tenantFilter } from './paging.ts'

const client = z.object({
  id: z.string(),
  name: z.string(),
  tenant: z.string(),
  authentication: z.string().describe('`none`, `client_secret_basic` or `private_key_jwt`.'),
  redirectUris: z.array(z.string()),
  servers: z.array(z.string()).describe('Virtual servers that it may call on its own behalf.'),
  scopes: z.array(z.string()),
  source: z.enum(['project', 'store', 'registered']).describe('`registered`: it registered itself.'),
})

export const listClients = {
  id: 'listClients',
  method: 'GET',
  path: '/clients',
  tag: 'Clients',
  role: 'viewer',
  summary: 'OAuth clients: of the project, made by administrators, and those that registered themselves.',
  query: z.object({
    ...pageQuery,
    tenant: tenantFilter,
    source: z.enum(['project', 'store', 'registered']).optional(),
  }),
  answer: pageOf(client),
} as const satisfies OperationDeclaration

export const createClient = {
  id: 'createClient',
  method: 'POST',
  path: '/clients',
  tag: 'Clients',
  role: 'owner',
  summary: 'Registers a client. Its secret is in this answer and nowhere else.',
  body: z.strictObject({
    id: z.string().optional().describe('Default: a random one.'),
    name: z.string().min(1).max(200),
    tenant: z.string().regex(tenantPattern, tenantRule).default('default'),
    redirectUris: z.array(z.string().min(1)).max(50).default([]).describe('For people to sign in through it.'),
    servers: z.array(z.string().min(1)).max(500).default([]).describe('To call on its own behalf; `*` is every one.'),
    scopes: z.array(z.string().min(1)).max(200).default([]),
    authentication: z.enum(['secret', 'keys', 'none']).default('secret'),
    jwks: z.looseObject({}).optional().describe('Public keys, for `keys`.'),
    jwksUri: z.url().optional().describe('Where its public keys are, for `keys`.'),
  }),
  status: 201,
  answer: client.extend({ secret: z.string().nullable().describe('Shown this one time.') }),
  reasons: ['admin_conflict'],
} as const satisfies OperationDeclaration

export const revokeClient = {
  id: 'revokeClient',
  method: 'DELETE',
  path: '/clients/{id}',
  tag: 'Clients',
  role: 'owner',
  summary: 'Removes a client with its grants and tokens.',
  params: idParams,
  reasons: ['admin_conflict'],
} as const satisfies OperationDeclaration

const grant = z.object({
  id: z.string(),
  tenant: z.string(),
  subject: z.string(),
  clientId: z.string(),
  clientName: z.string().nullable(),
  resources: z.record(z.string(), z.string()).describe('Resource identifiers with the scopes allowed there.'),
  virtualServers: z.array(z.string()).describe('Names of those that the running project has.'),
  createdAt: z.iso.datetime().nullable(),
  expiresAt: z.iso.datetime().nullable(),
})

export const listGrants = {
  id: 'listGrants',
  method: 'GET',
  path: '/grants',
  tag: 'Clients',
  role: 'viewer',
  summary: 'What people allowed clients, newest first.',
  query: z.object({
    ...pageQuery,
    tenant: tenantFilter,
    subject: z.string().optional(),
    client: z.string().optional().describe('Id of the client.'),
    server: z.string().optional().describe('Name of a virtual server.'),
  }),
  answer: pageOf(grant),
} as const satisfies OperationDeclaration

export const revokeGrant = {
  id: 'revokeGrant',
  method: 'DELETE',
  path: '/grants/{id}',
  tag: 'Clients',
  role: 'editor',
  summary: 'Revokes a grant with all its tokens; what runs under it ends within a second.',
  params: idParams,
} as const satisfies OperationDeclaration
