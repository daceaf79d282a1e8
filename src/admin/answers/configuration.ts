import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigEdit } from '../../config/edit/config-edit.ts'
import { listChanges } from '../../config/edit/config-history.ts'
import { maskSecrets } from '../../config/edit/mask-secrets.ts'
import {
  type AppliedEdits,
  type ApplyOptions,
  type ConfigPlan,
  editsTo,
  fileVersion,
  type PresentFiles,
} from '../../config/edit/project-editor.ts'
import { parseProject } from '../../config/load-project.ts'
import { ProblemList } from '../../config/problem-list.ts'
import type { Project } from '../../config/project.ts'
import { isRoutesFile, policiesFiles, settingsFile } from '../../config/project-files.ts'
import { isSwitchedOff, readOperations } from '../../config/read-operations.ts'
import type { ConfigVersionRecord } from '../../contracts/storage.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { toIsoTime } from '../../lib/iso-time.ts'
import { packageDirectory } from '../../lib/package-manifest.ts'
import type { AdminCall, AdminHost } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'
import { describeChanges, describeEdits, describeOwnerChanges, describePlan } from '../describe-plan.ts'
import { admitChange } from '../find-owner-changes.ts'
import type { ChangeSource } from '../find-secret-changes.ts'
import { projectEditorOf, projectTypes } from '../project-editor-of.ts'
import { describeProblem } from './project.ts'

type Ids =
  | 'listConfigFiles'
  | 'getConfigFile'
  | 'getConfigSchema'
  | 'validateConfig'
  | 'diffConfig'
  | 'applyConfig'
  | 'listConfigHistory'
  | 'getConfigChange'
  | 'previewRollback'
  | 'rollbackConfig'

export const configurationAnswers: AnswersOf<Ids> = {
  async listConfigFiles(_input, { host, setVersion }) {
    const present = await projectEditorOf(host).read()
    setVersion(`"${present.version}"`)
    return {
      version: present.version,
      items: [...present.texts.keys()].map((file) => describeFile(file, present)),
      readOnly: present.readOnly ?? null,
      isRunning: await isRunning(present, host),
      disabled: await listDisabled(present),
    }
  },
  async getConfigFile({ query: { file } }, { host, setVersion }) {
    const present = await projectEditorOf(host).read()
    const text = present.texts.get(file)
    if (text === undefined) throw new GatewayError('admin_not_found')
    const described = describeFile(file, present)
    setVersion(`"${described.version}"`)
    return { ...described, ...(await maskSecrets(file, text, projectTypes)) }
  },
  async getConfigSchema({ params: { name } }) {
    const text = await readFile(join(packageDirectory, 'schemas', `${name}.schema.json`), 'utf8')
    return JSON.parse(text) as { [name: string]: unknown }
  },
  async validateConfig({ body }, { host }) {
    const plan = await projectEditorOf(host).plan(body.edits)
    const needsOwner = describeOwnerChanges(plan, host.project(), { isTyped: true })
    return { ok: plan.isValid, version: plan.present.version, problems: plan.problems.map(describeProblem), needsOwner }
  },
  async diffConfig({ body }, { host }) {
    return describePlan(await projectEditorOf(host).plan(body.edits), host.project(), { isTyped: true })
  },
  async applyConfig({ body: { edits, note } }, call) {
    const editor = projectEditorOf(call.host)
    const plan = await editor.plan(edits)
    const options = { ...optionsOf(call, { isTyped: true }), origin: 'console', note } as const
    return recordApplied(call, plan, await applyEdits(edits, options, call))
  },
  async listConfigHistory({ query: { cursor, limit } }, { host }) {
    const { configVersions } = host.storage
    const beforeId = cursor === undefined ? undefined : readId(cursor)
    const [records, present] = await Promise.all([
      configVersions.list({ beforeId, limit: limit + 1 }),
      projectEditorOf(host).read(),
    ])
    const items = records.slice(0, limit).map((record) => describeVersion(record, present))
    return { items, nextCursor: records.length > limit ? (items.at(-1)?.id ?? null) : null }
  },
  async getConfigChange({ params: { id } }, { host }) {
    const { record, before, after } = await openChange(id, host)
    const present = await projectEditorOf(host).read()
    const changes = await describeChanges(
      record.changes.map(({ file }) => [file, before.get(file) ?? null, after.get(file) ?? null]),
    )
    return { ...describeVersion(record, present), changes }
  },
  async previewRollback({ params: { id } }, { host }) {
    const editor = projectEditorOf(host)
    return describePlan(await editor.plan(await rollbackEdits(id, host)), host.project(), { isTyped: false })
  },
  async rollbackConfig({ params: { id }, body: { note } }, call) {
    const editor = projectEditorOf(call.host)
    const edits = await rollbackEdits(id, call.host)
    const plan = await editor.plan(edits)
    const restored = optionsOf(call, { isTyped: false })
    const options = { ...restored, origin: 'rollback', note: note ?? `back to before change ${id}` } as const
    return recordApplied(call, plan, await applyEdits(edits, options, call))
  },
}

function describeFile(file: string, { files, texts, readOnly }: PresentFiles) {
  const bytes = files.get(file) ?? Buffer.from(texts.get(file) ?? '')
  const kind = kindOf(file)
  return {
    file,
    kind,
    language: /\.ya?ml$/.test(file) ? ('yaml' as const) : ('jsonc' as const),
    version: fileVersion(bytes),
    bytes: bytes.length,
    schema: kind === 'pins' ? null : kind === 'settings' ? ('project' as const) : kind,
    writable: readOnly === undefined,
  }
}

function kindOf(file: string): 'settings' | 'routes' | 'policies' | 'pins' {
  if (file === settingsFile) return 'settings'
  if (isRoutesFile(file)) return 'routes'
  return policiesFiles.includes(file) ? 'policies' : 'pins'
}

async function isRunning({ files }: PresentFiles, host: AdminHost): Promise<boolean> {
  const { directory, contentHash } = host.project()
  return (await parseProject(directory, files)).contentHash === contentHash
}

async function listDisabled({ files }: PresentFiles) {
  const { routes } = await parseProject('', files)
  const operations = routes.flatMap((document) => readOperations(document, new ProblemList()))
  return operations.filter(isSwitchedOff).map(({ document, path, fields: { operationId, summary } }) => {
    const name = typeof operationId === 'string' ? operationId : path
    return { name, title: typeof summary === 'string' ? summary : name, path, file: document.file }
  })
}

/** By whom, on which version, and within which role. */
function optionsOf({ administrator, host, ifMatch = '' }: AdminCall, source: ChangeSource) {
  return {
    actor: administrator.subject,
    expected: ifMatch.replace(/^"(.*)"$/, '$1'),
    admit: (after: Project) => admitChange(host.project(), after, administrator, source),
  }
}

/** Whoever edits an older version is told who changed what since. */
async function applyEdits(edits: readonly ConfigEdit[], options: ApplyOptions, { host }: AdminCall) {
  try {
    return await projectEditorOf(host).apply(edits, options)
  } catch (error) {
    if (!(error instanceof GatewayError) || error.reason !== 'admin_version_changed') throw error
    const records = await host.storage.configVersions.list({ limit: mostMissed })
    const known = records.findIndex(({ version }) => version === options.expected)
    const missed = (known === -1 ? [] : records.slice(0, known)).map(({ id, atMs, actor, changes }) => {
      return { id: String(id), at: toIsoTime(atMs), actor: actor ?? null, files: changes.map(({ file }) => file) }
    })
    const { message, details } = error
    throw new GatewayError('admin_version_changed', { message, data: { ...details.data, missed } })
  }
}

/** Newest changes that somebody is told of who did not see them. */
const mostMissed = 50

/** Names of files and hashes go to the audit trail; their texts are in the history, sealed. */
async function recordApplied(call: AdminCall, plan: ConfigPlan, { version, changeId, files, warnings }: AppliedEdits) {
  const { version: versionBefore } = plan.present
  if (changeId !== undefined) {
    const changes = await describeEdits(plan)
    const lines = changes.map(({ file, additions, deletions, diff }) => ({
      file,
      additions,
      deletions,
      diff: shorten(diff),
    }))
    await call.recordChange({
      target: files.join(' '),
      before: { version: versionBefore },
      after: { version, change: String(changeId), files: lines },
    })
  }
  call.setVersion(`"${version}"`)
  return {
    version,
    changeId: changeId === undefined ? null : String(changeId),
    files: [...files],
    warnings: warnings.map(describeProblem),
  }
}

const longestDiff = 8000

function shorten(diff: string): string {
  return diff.length <= longestDiff ? diff : `${diff.slice(0, longestDiff)}\n… (${diff.length} characters)\n`
}

function describeVersion(
  { id, atMs, actor, origin, note, changes, version }: ConfigVersionRecord,
  present: PresentFiles,
) {
  return {
    id: String(id),
    at: toIsoTime(atMs),
    actor: actor ?? null,
    origin,
    note: note ?? null,
    files: changes.map((change) => ({ ...change })),
    version,
    isCurrent: version === present.version,
  }
}

function readId(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new GatewayError('admin_not_found')
  return Number(text)
}

async function openChange(id: string, host: AdminHost) {
  const { configVersions } = host.storage
  const record = await configVersions.find(readId(id))
  if (record === undefined) throw new GatewayError('admin_not_found')
  const [earlier] = await configVersions.list({ beforeId: record.id, limit: 1 })
  const open = (version: ConfigVersionRecord) => host.configHistory.open(version)
  const after = await open(record)
  return {
    record,
    before: earlier ? await open(earlier) : new Map<string, string>(),
    after,
    isFirst: earlier === undefined,
  }
}

async function rollbackEdits(id: string, host: AdminHost) {
  const { before, after, isFirst } = await openChange(id, host)
  if (isFirst) throw new GatewayError('admin_conflict', { message: 'What was before it is not known any more.' })
  const present = await projectEditorOf(host).read()
  return editsTo(
    present,
    before,
    listChanges(before, after).map(({ file }) => file),
  )
}
