import { z } from 'zod'
import { problem } from './project.ts'

const file = z.string().min(1).max(300).describe('Relative to the project, e.g. `config/policies.json`.')
const path = z
  .array(z.union([z.string(), z.int().nonnegative()]))
  .max(64)
  .describe('Member names and indices from the root of the document.')

/** One change of one file, sent by whoever edits. */
export const configEdit = z.discriminatedUnion('kind', [
  z
    .strictObject({ kind: z.literal('set'), file, path: path.min(1), value: z.json() })
    .describe('Replaces or adds a value.'),
  z
    .strictObject({
      kind: z.literal('insert'),
      file,
      path,
      index: z.int().nonnegative().optional().describe('Absent: at the end.'),
      value: z.json(),
    })
    .describe('Puts a value into a list.'),
  z.strictObject({ kind: z.literal('remove'), file, path: path.min(1) }).describe('Removes a member or an entry.'),
  z
    .strictObject({
      kind: z.literal('write'),
      file,
      base: z.string().max(100).nullable().describe('`version` of the text that was edited; null: the file is new.'),
      text: z.string().max(2 * 1024 * 1024),
    })
    .describe('Replaces the whole text. `[secret 1]` stands for the secret that was there.'),
  z.strictObject({ kind: z.literal('delete'), file }).describe('Removes a file of routes.'),
])

export const configEdits = z.array(configEdit).min(1).max(200)

const fileChange = z.object({
  file: z.string(),
  change: z.enum(['added', 'changed', 'removed']),
  diff: z.string().describe('Unified diff, secrets masked.'),
  additions: z.int(),
  deletions: z.int(),
  before: z.string().nullable().describe('Whole text, secrets masked; null: there was none.'),
  after: z.string().nullable().describe('Whole text, secrets masked; null: there is none any more.'),
})

/** What of edits an editor may not apply. */
export const ownerChanges = z
  .array(
    z.object({
      reason: z.enum(['admin_role_required', 'admin_secret_needs_owner']).describe('With which an editor is refused.'),
      what: z.string().describe('For people.'),
      variable: z.string().nullable().describe('That would be sent or used; null: it is about none.'),
      hosts: z.array(z.string()).describe('That would receive it and did not before.'),
    }),
  )
  .describe('What of it only an owner may apply; empty: an editor may.')

/** What edits would do. */
export const configPlan = z.object({
  version: z.string().describe('Of the files that it starts from: `If-Match` of applying it.'),
  changes: z.array(fileChange),
  ok: z.boolean().describe('It can be applied: no problem is an error, and the files can be written.'),
  problems: z.array(problem).describe('With the files as they would be.'),
  needsOwner: ownerChanges,
  needsRestart: z.array(z.string()).describe('Settings that cannot change while the gateway runs.'),
  readOnly: z.string().nullable().describe('Why nothing can be written; null: it can.'),
})

/** What applying edits did. */
export const configApplied = z.object({
  version: z.string().describe('Of the files as they are now.'),
  changeId: z.string().nullable().describe('Of `/config/history`; null: nothing was different.'),
  files: z.array(z.string()),
  warnings: z.array(problem),
})
