import { z } from 'zod'
import { credentialModes } from '../../contracts/upstream.ts'
import type { OperationDeclaration } from '../operation.ts'
import { time } from './paging.ts'

/** Something wrong with the project, and where. */
export const problem = z.object({
  severity: z.enum(['error', 'warning']),
  file: z.string(),
  line: z.int(),
  column: z.int(),
  path: z.string(),
  message: z.string(),
  remedy: z.string().nullable(),
})

const project = z.object({
  directory: z.string(),
  mode: z.enum(['dev', 'start']),
  publicUrl: z.url(),
  contentHash: z.string().describe('Equal hashes, equal projects.'),
  loadedAt: time,
  settings: z.looseObject({}).describe('sallyport.jsonc with its defaults; secrets are `[secret]`.'),
  policies: z.array(z.object({ name: z.string(), type: z.string(), usedBy: z.array(z.string()) })),
  virtualServers: z.int().describe('How many there are.'),
  warnings: z.array(problem),
  failedReload: z
    .object({ at: time, problems: z.array(problem) })
    .nullable()
    .describe('The last change of the files that was not taken over; null after one that was.'),
})

export const getProject = {
  id: 'getProject',
  method: 'GET',
  path: '/project',
  tag: 'Project',
  role: 'viewer',
  summary: 'The project as it runs, and what was wrong with its last change.',
  answer: project,
} as const satisfies OperationDeclaration

const connectLink = z.object({
  client: z.string().describe('Name of the MCP client.'),
  kind: z.enum(['command', 'link', 'json', 'url']),
  text: z.string().describe('Command to run, link to open, JSON to paste, or the URL itself.'),
  place: z.string().nullable().describe('Where JSON or a URL goes.'),
})

const summary = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string().nullable(),
  path: z.string(),
  url: z.url(),
  methods: z.array(z.string()),
  internal: z.boolean().describe('It answers only as a member of others.'),
  tenant: z.string().nullable().describe('The only tenant that may use it; null: every one.'),
  handler: z.string(),
  upstream: z.object({
    id: z.string().nullable().describe('Of `/upstreams`; null where no credential is brokered.'),
    url: z.string(),
    credentialMode: z.enum(credentialModes).nullable(),
  }),
  signIn: z.boolean().describe('People sign in through this gateway.'),
  policies: z.array(z.string()),
})

const details = summary.extend({
  handlerOptions: z.unknown().describe('Secrets are `[secret]`.'),
  policyOptions: z.array(z.object({ name: z.string(), type: z.string(), summary: z.string(), options: z.unknown() })),
  members: z.array(z.object({ name: z.string(), route: z.string() })).describe('Of an aggregate.'),
  scopes: z.array(z.string()),
  pinned: z.boolean(),
  cors: z.string().nullable(),
  connect: z.array(connectLink).describe('How clients are connected to it.'),
})

export const listVirtualServers = {
  id: 'listVirtualServers',
  method: 'GET',
  path: '/virtual-servers',
  tag: 'Project',
  role: 'viewer',
  summary: 'The virtual servers as compiled.',
  answer: z.object({ items: z.array(summary) }),
} as const satisfies OperationDeclaration

export const getVirtualServer = {
  id: 'getVirtualServer',
  method: 'GET',
  path: '/virtual-servers/{name}',
  tag: 'Project',
  role: 'viewer',
  summary: 'One virtual server with the options of its handler and policies, and how to connect clients.',
  params: z.object({ name: z.string().min(1).max(512) }),
  answer: details,
} as const satisfies OperationDeclaration
