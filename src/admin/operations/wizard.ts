import { z } from 'zod'
import { upstreamModes } from '../../config/edit/upstream-modes.ts'
import type { ReasonCode } from '../../errors/reasons.ts'
import { reasons } from '../../errors/reasons.ts'
import type { OperationDeclaration } from '../operation.ts'
import { configEdit, configPlan } from './configuration-plan.ts'

const tag = 'Wizard'
const reason = z.enum(Object.keys(reasons) as [ReasonCode, ...ReasonCode[]])
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable: letters, digits and _')
const serverName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and "-" between them')
const url = z.url({ protocol: /^https?$/ }).max(2000)

const hints = z
  .array(z.enum(['read-only', 'destructive', 'open-world', 'idempotent', 'unannotated', 'suspicious', 'long']))
  .describe('What to look at before offering it.')

const definition = z.object({
  name: z.string().describe('Name; of resources the URI, of templates the URI template.'),
  title: z.string().nullable(),
  description: z.string().nullable(),
  annotations: z.looseObject({}).nullable(),
  hints,
  suspicions: z.array(z.string()).describe('Hidden characters and instructions to the model, with their place.'),
  definition: z.looseObject({}).describe('As the upstream gave it, shortened where it is very long.'),
})

export const testUpstream = {
  id: 'testUpstream',
  method: 'POST',
  path: '/wizard/test-upstream',
  tag,
  role: 'editor',
  summary: 'Calls an upstream that is not part of the project yet: what it speaks, wants and offers.',
  body: z.strictObject({
    url,
    credential: z
      .strictObject({
        header: z
          .string()
          .regex(/^[A-Za-z][A-Za-z0-9-]{0,60}$/)
          .default('authorization'),
        scheme: z.string().max(40).default('Bearer').describe('Before the value, with a blank; empty: the bare value.'),
        value: z.string().min(1).max(16_384).describe('Used for this test; neither stored nor logged.'),
      })
      .optional(),
  }),
  answer: z.object({
    url: z.string(),
    reachable: z.boolean().describe('Something answered, also if it asks for a credential.'),
    reason: reason.nullable().describe('Why it cannot be listed.'),
    message: z.string().nullable().describe('The same in a sentence.'),
    latencyMs: z.number().nullable().describe('Of the first answer.'),
    totalMs: z.number(),
    era: z.enum(['modern', 'legacy']).nullable().describe('modern: 2026-07-28 and later.'),
    protocolVersion: z.string().nullable(),
    server: z
      .object({ name: z.string().nullable(), title: z.string().nullable(), version: z.string().nullable() })
      .nullable(),
    instructions: z.string().nullable(),
    capabilities: z.array(z.string()),
    auth: z.object({
      needed: z.boolean().describe('It refuses without a credential, or with the one that was given.'),
      httpStatus: z.int().nullable(),
      modes: z.array(z.enum(upstreamModes)).describe('Likely ones, the recommended one first.'),
      issuer: z.string().nullable(),
      resource: z.string().nullable(),
      scopes: z.array(z.string()),
      registration: z
        .object({ dynamic: z.boolean(), documents: z.boolean() })
        .nullable()
        .describe('How the gateway may become a client: RFC 7591, or by its metadata document. Both false: by hand.'),
      pkce: z.boolean().nullable(),
      problem: z.string().nullable().describe('What discovery stumbled over.'),
    }),
    catalogId: z.string().nullable().describe('Curated upstream with this URL.'),
    suggestedName: z.string(),
    tools: z.array(definition),
    prompts: z.array(definition),
    resources: z.array(definition),
    resourceTemplates: z.array(definition),
    truncated: z.boolean().describe('It lists more than is shown.'),
  }),
  reasons: ['upstream_address_not_allowed', 'limit_rate_exceeded'],
} as const satisfies OperationDeclaration

const chosen = z.array(z.string().min(1)).max(1000).nullable().default(null)

const answers = z.strictObject({
  upstream: z.discriminatedUnion('from', [
    z.strictObject({ from: z.literal('catalog'), id: z.string().min(1).max(63) }),
    z.strictObject({ from: z.literal('url'), url }),
  ]),
  name: serverName.describe('Name of the virtual server and id of the upstream.'),
  path: z.string().max(300).optional().describe('Default: `/mcp/<name>`.'),
  title: z.string().trim().min(1).max(200).optional(),
  description: z.string().trim().max(1000).optional(),
  credential: z.strictObject({
    mode: z.enum(upstreamModes),
    scopes: z.array(z.string().regex(/^\S+$/)).max(100).default([]),
    clientIdEnv: variable
      .optional()
      .describe('Client that you registered there; absent: the gateway registers itself.'),
    clientSecretEnv: variable.optional(),
    apiKeyHeader: z.string().max(60).optional(),
    apiKeyScheme: z.string().max(40).optional(),
    apiKeyEnv: variable.optional().describe('Variable with the key for all; absent: the key is stored in the vault.'),
  }),
  capabilities: z
    .strictObject({ tools: chosen, prompts: chosen, resources: chosen, resourceTemplates: chosen })
    .prefault({})
    .describe('Which are offered. null: live, whatever the upstream lists; a list: these and no others.'),
  signIn: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('existing'), policies: z.array(z.string().min(1)).min(1).max(20) }),
      z.strictObject({
        kind: z.literal('new'),
        name: serverName,
        policyType: z.string().min(1).max(100),
        options: z.record(z.string(), z.json()).describe('Secrets as `$env(NAME)`.'),
      }),
      z.strictObject({ kind: z.literal('none') }).describe('Open to whoever reaches it.'),
    ])
    .optional()
    .describe('Default: the policy of the project that signs people in.'),
  policies: z.array(z.string().min(1)).max(20).default([]).describe('More policies of the project, after the sign-in.'),
})

export const planVirtualServer = {
  id: 'planVirtualServer',
  method: 'POST',
  path: '/wizard/plan',
  tag,
  role: 'editor',
  summary: 'The edits that add a virtual server, and what they would write. `POST /config/apply` writes them.',
  body: answers,
  answer: configPlan.extend({
    edits: z.array(configEdit),
    name: z.string(),
    url: z.string().describe('Where MCP clients will reach it.'),
    callbackUrl: z.string().describe('Where the authorization server of the upstream sends people back to.'),
    variables: z.array(z.string()).describe('Variables that must be set before the project runs.'),
    steps: z.array(z.string()).describe('What is left to do afterwards.'),
  }),
  reasons: ['config_edit_refused'],
} as const satisfies OperationDeclaration

export const listSignInChoices = {
  id: 'listSignInChoices',
  method: 'GET',
  path: '/wizard/sign-in',
  tag,
  role: 'editor',
  summary: 'Policies of the project for a new virtual server, and kinds of sign-in that it could begin with.',
  answer: z.object({
    existing: z.array(z.object({ name: z.string(), type: z.string(), usedBy: z.array(z.string()) })),
    others: z.array(z.object({ name: z.string(), type: z.string(), summary: z.string() })),
    types: z
      .array(z.object({ type: z.string(), summary: z.string(), schema: z.looseObject({}) }))
      .describe('With the JSON Schema of their options. Empty where the project has a sign-in policy: there is one.'),
    devLogin: z.boolean().describe('`dev`: people can sign in by name.'),
  }),
} as const satisfies OperationDeclaration

const serverParams = z.object({ name: z.string().min(1).max(512) })
const planned = configPlan.extend({ edits: z.array(configEdit) })

export const planSwitch = {
  id: 'planSwitch',
  method: 'POST',
  path: '/virtual-servers/{name}/switch',
  tag,
  role: 'editor',
  summary: 'The edits that switch a virtual server off, or on again.',
  params: serverParams,
  body: z.strictObject({ enabled: z.boolean() }),
  answer: planned,
  reasons: ['config_edit_refused'],
} as const satisfies OperationDeclaration

export const planRemoval = {
  id: 'planRemoval',
  method: 'POST',
  path: '/virtual-servers/{name}/removal',
  tag,
  role: 'editor',
  summary: 'The edits that remove a virtual server, with its credential and its choice of capabilities.',
  params: serverParams,
  answer: planned,
  reasons: ['config_edit_refused'],
} as const satisfies OperationDeclaration

export const tryVirtualServer = {
  id: 'tryVirtualServer',
  method: 'POST',
  path: '/virtual-servers/{name}/try',
  tag,
  role: 'editor',
  summary:
    'Asks a virtual server in the name of the administrator: its policies, credential and upstream, as for a client.',
  params: serverParams,
  body: z.strictObject({
    method: z.enum([
      'server/discover',
      'tools/list',
      'tools/call',
      'prompts/list',
      'prompts/get',
      'resources/list',
      'resources/templates/list',
      'resources/read',
      'completion/complete',
    ]),
    params: z.record(z.string(), z.json()).default({}),
  }),
  answer: z.object({
    result: z.looseObject({}).nullable(),
    error: z.object({ code: z.int(), message: z.string(), data: z.unknown().optional() }).nullable(),
    requestId: z.string().describe('Its event has it too.'),
    latencyMs: z.number(),
    upstreamMs: z.number().nullable(),
    notifications: z.array(z.looseObject({})).describe('What came before the answer, e.g. progress.'),
  }),
} as const satisfies OperationDeclaration
