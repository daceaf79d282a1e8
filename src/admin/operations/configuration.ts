import { z } from 'zod'
import type { OperationDeclaration } from '../operation.ts'
import { configApplied, configEdits, configPlan, ownerChanges } from './configuration-plan.ts'
import { idParams, pageOf, pageQuery, time } from './paging.ts'
import { problem } from './project.ts'

const tag = 'Configuration'
const note = z.string().max(500).optional().describe('Why, for the history.')

const writingReasons = [
  'config_edit_refused',
  'config_invalid',
  'config_read_only',
  'config_reload_failed',
  'admin_secret_needs_owner',
] as const

const configFile = z.object({
  file: z.string(),
  kind: z.enum(['settings', 'routes', 'policies', 'pins']),
  language: z.enum(['jsonc', 'yaml']),
  version: z.string().describe('Changes with the text.'),
  bytes: z.int(),
  schema: z.enum(['project', 'routes', 'policies']).nullable().describe('Of `/config/schemas`.'),
  writable: z.boolean(),
})

export const listConfigFiles = {
  id: 'listConfigFiles',
  method: 'GET',
  path: '/config/files',
  tag,
  role: 'viewer',
  summary: 'The files of the project. `.env` is not among them. `ETag` is the version of all of them.',
  answer: z.object({
    version: z.string(),
    items: z.array(configFile),
    readOnly: z.string().nullable().describe('Why the console writes nothing; null: it does.'),
    isRunning: z.boolean().describe('The gateway runs what the files say.'),
    disabled: z
      .array(z.object({ name: z.string(), title: z.string(), path: z.string(), file: z.string() }))
      .describe('Virtual servers that are switched off.'),
  }),
} as const satisfies OperationDeclaration

export const getConfigFile = {
  id: 'getConfigFile',
  method: 'GET',
  path: '/config/file',
  tag,
  role: 'viewer',
  summary: 'One file of the project. Secrets that stand in it are `[secret 1]`, `[secret 2]`, …',
  query: z.object({ file: z.string().min(1).max(300) }),
  answer: configFile.extend({ text: z.string(), secrets: z.int().describe('How many are masked.') }),
} as const satisfies OperationDeclaration

export const getConfigSchema = {
  id: 'getConfigSchema',
  method: 'GET',
  path: '/config/schemas/{name}',
  tag,
  role: 'viewer',
  summary: 'JSON Schema of a kind of file, for editors.',
  params: z.object({ name: z.enum(['project', 'routes', 'policies']) }),
  answer: z.looseObject({}),
} as const satisfies OperationDeclaration

export const validateConfig = {
  id: 'validateConfig',
  method: 'POST',
  path: '/config/validate',
  tag,
  role: 'editor',
  summary: 'Compiles the project with edits, without writing anything.',
  body: z.strictObject({ edits: configEdits.or(z.tuple([])) }),
  answer: z.object({ ok: z.boolean(), version: z.string(), problems: z.array(problem), needsOwner: ownerChanges }),
  reasons: ['config_edit_refused'],
} as const satisfies OperationDeclaration

export const diffConfig = {
  id: 'diffConfig',
  method: 'POST',
  path: '/config/diff',
  tag,
  role: 'editor',
  summary: 'What edits would write, and whether the project would run.',
  body: z.strictObject({ edits: configEdits }),
  answer: configPlan,
  reasons: ['config_edit_refused'],
} as const satisfies OperationDeclaration

export const applyConfig = {
  id: 'applyConfig',
  method: 'POST',
  path: '/config/apply',
  tag,
  role: 'editor',
  summary: 'Writes edits to the files, all of them or none, and runs them. What cannot run is not written.',
  body: z.strictObject({ edits: configEdits, note }),
  answer: configApplied,
  needsIfMatch: true,
  reasons: writingReasons,
} as const satisfies OperationDeclaration

const historyItem = z.object({
  id: z.string(),
  at: time,
  actor: z.string().nullable().describe('Who, as events name them; null: nobody knows, the files changed.'),
  origin: z
    .enum(['first', 'console', 'rollback', 'outside'])
    .describe(
      '`first`: the gateway saw the files for the first time. `outside`: somebody changed them, and the gateway took them over.',
    ),
  note: z.string().nullable(),
  files: z.array(z.object({ file: z.string(), change: z.enum(['added', 'changed', 'removed']) })),
  version: z.string().describe('Of all files, afterwards.'),
  isCurrent: z.boolean().describe('The files are as they were after it.'),
})

export const listConfigHistory = {
  id: 'listConfigHistory',
  method: 'GET',
  path: '/config/history',
  tag,
  role: 'viewer',
  summary: 'Changes of the files, newest first.',
  query: z.object(pageQuery),
  answer: pageOf(historyItem),
} as const satisfies OperationDeclaration

export const getConfigChange = {
  id: 'getConfigChange',
  method: 'GET',
  path: '/config/history/{id}',
  tag,
  role: 'viewer',
  summary: 'One change with its diff, secrets masked.',
  params: idParams,
  answer: historyItem.extend({ changes: configPlan.shape.changes }),
} as const satisfies OperationDeclaration

export const previewRollback = {
  id: 'previewRollback',
  method: 'GET',
  path: '/config/history/{id}/rollback',
  tag,
  role: 'editor',
  summary: 'What going back to the files before a change would write.',
  params: idParams,
  answer: configPlan,
} as const satisfies OperationDeclaration

export const rollbackConfig = {
  id: 'rollbackConfig',
  method: 'POST',
  path: '/config/history/{id}/rollback',
  tag,
  role: 'editor',
  summary: 'Writes the files that a change touched as they were before it.',
  params: idParams,
  body: z.strictObject({ note }),
  answer: configApplied,
  needsIfMatch: true,
  reasons: writingReasons,
} as const satisfies OperationDeclaration
