import { z } from 'zod'
import type { OperationDeclaration } from '../operation.ts'
import { pageOf, pageQuery, tenantFilter, time } from './paging.ts'

/** Whoever is on the page is looked up one by one. */
const peopleLimit = z.coerce.number().int().min(1).max(100).default(25).describe('Most entries of the page.')

const person = z.object({
  subject: z.string(),
  name: z.string().nullable().describe('null: nothing but the subject is known.'),
  email: z.string().nullable(),
  tenant: z.string().nullable(),
  team: z.string().nullable(),
  roles: z.array(z.string()),
  groups: z.array(z.string()),
  lastSignInAt: time.nullable(),
  lastSeenAt: time.nullable().describe('Last event of theirs within the window.'),
  calls: z.int().describe('Within the window.'),
  virtualServers: z.array(z.string()).describe('Used within the window.'),
  clients: z.array(z.string()).describe('MCP clients used within the window.'),
  connections: z.int(),
  grants: z.int(),
})

export const listPeople = {
  id: 'listPeople',
  method: 'GET',
  path: '/people',
  tag: 'People',
  role: 'viewer',
  summary: 'Who called or signed in, the most active first, and what they use.',
  query: z.object({
    ...pageQuery,
    limit: peopleLimit,
    tenant: tenantFilter,
    team: z.string().optional(),
    search: z.string().max(200).optional().describe('Part of name, e-mail or subject.'),
    days: z.coerce.number().int().min(1).max(90).default(30).describe('The window.'),
  }),
  answer: pageOf(person),
} as const satisfies OperationDeclaration

export const listTeams = {
  id: 'listTeams',
  method: 'GET',
  path: '/teams',
  tag: 'People',
  role: 'viewer',
  summary: 'Teams that were seen, with the people in them and what they did.',
  query: z.object({
    ...pageQuery,
    limit: peopleLimit,
    tenant: tenantFilter,
    days: z.coerce.number().int().min(1).max(90).default(30).describe('The window.'),
  }),
  answer: pageOf(
    z.object({ team: z.string(), people: z.int(), calls: z.int(), failures: z.int(), lastSeenAt: time.nullable() }),
  ),
} as const satisfies OperationDeclaration
