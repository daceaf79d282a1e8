import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../../errors/gateway-error.ts'
import { type CompileContext, type CompileResult, compileProject } from '../compile-project.ts'
import { findFixedSettings } from '../find-fixed-settings.ts'
import { parseProject } from '../load-project.ts'
import type { Problem, Project } from '../project.ts'
import { environmentFile, hashFiles, orderFiles, type ProjectFiles, readProjectFiles } from '../project-files.ts'
import { type ConfigEdit, type EditedTexts, editTexts } from './config-edit.ts'
import type { ChangeOrigin, ConfigHistory } from './config-history.ts'
import { findReadOnly } from './find-read-only.ts'
import { refuseShownSecrets, restoreSecrets } from './mask-secrets.ts'
import { FilesChangedError, writeProjectFiles } from './write-files.ts'

/** What the editor needs of the gateway that runs the project. */
export interface EditorHost {
  readonly directory: string
  readonly project: () => Project
  readonly types: Pick<CompileContext, 'policyTypes' | 'handlerTypes'>
  readonly reload: () => Promise<{ readonly ok: true } | { readonly ok: false; readonly problems: readonly Problem[] }>
  readonly history: ConfigHistory
}

/** The files of the project as they are now. */
export interface PresentFiles {
  /** Hash of all of them, `.env` left out. */
  readonly version: string
  /** Of every file but `.env`. Without a byte order mark. */
  readonly texts: ReadonlyMap<string, string>
  readonly files: ProjectFiles
  /** Why nothing can be written; undefined: it can. */
  readonly readOnly: string | undefined
}

/** What edits would make of the project. */
export interface ConfigPlan {
  readonly present: PresentFiles
  readonly edited: EditedTexts
  readonly compiled: CompileResult
  /** Errors of the files, and settings that cannot change while the gateway runs. */
  readonly problems: readonly Problem[]
  readonly needsRestart: readonly string[]
  readonly isValid: boolean
}

/** What applying them did. */
export interface AppliedEdits {
  readonly version: string
  /** Undefined: nothing was different. */
  readonly changeId: number | undefined
  readonly files: readonly string[]
  readonly warnings: readonly Problem[]
}

/** How edits are applied. */
export interface ApplyOptions extends ChangeOrigin {
  /** Version that was read. */
  readonly expected: string
  /** Throws where whoever applies the edits may not make this of the project. Asked when nothing is written yet. */
  readonly admit?: ((after: Project) => void) | undefined
}

/** Edits the files of a running project. */
export interface ProjectEditor {
  read(): Promise<PresentFiles>
  plan(edits: readonly ConfigEdit[]): Promise<ConfigPlan>
  /**
   * Writes edits and lets the gateway take them over; when it cannot, the files are put back. Throws `admin_version_changed`,
   * `config_read_only`, `config_invalid`, `config_reload_failed` or `config_edit_refused`. One at a time.
   */
  apply(edits: readonly ConfigEdit[], options: ApplyOptions): Promise<AppliedEdits>
}

const byteOrderMark = '\uFEFF'

/** The editor of one project. */
export function createProjectEditor(host: EditorHost): ProjectEditor {
  const plan = async (edits: readonly ConfigEdit[]) => planEdits(host, await readPresent(host), edits)
  return {
    read: () => readPresent(host),
    plan,
    apply: (edits, options) =>
      host.history.alone(async (note) => {
        // Whoever changed them before is named apart from this change.
        await note({ actor: undefined, origin: 'outside' })
        return applyPlan(host, await plan(edits), options, note)
      }),
  }
}

async function readPresent({ directory, project }: EditorHost): Promise<PresentFiles> {
  const { files } = await readProjectFiles(directory)
  const editable = new Map([...files].filter(([file]) => file !== environmentFile))
  const texts = new Map<string, string>()
  for (const [file, bytes] of editable) {
    if (isUtf8(bytes)) texts.set(file, bytes.toString('utf8').replace(byteOrderMark, ''))
  }
  const readOnly = await findReadOnly(directory, [...editable.keys()], project().settings.admin.readOnly)
  return { version: hashFiles(editable), texts, files, readOnly }
}

async function planEdits(host: EditorHost, present: PresentFiles, sent: readonly ConfigEdit[]): Promise<ConfigPlan> {
  const running = host.project()
  refuseStale(sent, present)
  const edits = await restoreSecrets(sent, present.texts, host.types)
  const edited = await editTexts(present.texts, edits)
  await refuseShownSecrets(present.texts, edited, host.types)
  const files = orderFiles(applyTexts(present.files, edited))
  const sources = await parseProject(running.directory, files)
  const compiled = compileProject(sources, { ...host.types, mode: running.mode, listenUrl: running.publicUrl })
  const fixed = 'project' in compiled ? findFixedSettings(running, compiled.project) : []
  const found = 'project' in compiled ? compiled.project.warnings : compiled.problems
  const problems = [...found, ...fixed]
  const isValid = !problems.some(({ severity }) => severity === 'error')
  return { present, edited, compiled, problems, needsRestart: fixed.map(({ path }) => path), isValid }
}

/** A whole text was made from one that is not there any more. */
function refuseStale(edits: readonly ConfigEdit[], { files }: PresentFiles): void {
  const changed = edits.flatMap((edit) => {
    if (edit.kind !== 'write') return []
    const bytes = files.get(edit.file)
    return (bytes === undefined ? null : fileVersion(bytes)) === edit.base ? [] : [edit.file]
  })
  if (changed.length > 0) throw versionChanged(changed)
}

/** Version of one file. */
export function fileVersion(bytes: Buffer): string {
  return hashFiles(new Map([['', bytes]]))
}

function versionChanged(files: readonly string[]): GatewayError {
  const message = files.length > 0 ? `Somebody changed ${files.join(', ')} meanwhile.` : undefined
  return new GatewayError('admin_version_changed', { message, data: { changed: files } })
}

function applyTexts(files: ProjectFiles, edited: EditedTexts): ProjectFiles {
  const result = new Map(files)
  for (const [file, text] of edited) {
    if (text === null) result.delete(file)
    else result.set(file, toBytes(text, files.get(file)))
  }
  return result
}

function toBytes(text: string, original: Buffer | undefined): Buffer {
  const hadMark = original?.subarray(0, 3).equals(Buffer.from(byteOrderMark)) === true
  return Buffer.from(hadMark ? byteOrderMark + text : text)
}

async function applyPlan(
  host: EditorHost,
  plan: ConfigPlan,
  { expected, actor, origin, note, admit }: ApplyOptions,
  addVersion: ConfigHistory['note'],
): Promise<AppliedEdits> {
  const { present, edited, problems } = plan
  const names = [...edited.keys()]
  const warnings = problems.filter(({ severity }) => severity === 'warning')
  if (expected !== present.version) throw versionChanged([])
  if (present.readOnly !== undefined) throw new GatewayError('config_read_only', { message: present.readOnly })
  if (!plan.isValid) throw new GatewayError('config_invalid', { data: { problems } })
  if ('project' in plan.compiled) admit?.(plan.compiled.project)
  if (names.length === 0) return { version: present.version, changeId: undefined, files: [], warnings }
  const after = applyTexts(present.files, edited)
  const before = new Map(names.map((file) => [file, present.files.get(file)]))
  await write(host.directory, new Map(names.map((file) => [file, after.get(file) ?? null])), before)
  // Before the reload: other processes of the gateway load the files then, and would not know whose change it is.
  const changeId = await addVersion({ actor, origin, note })
  const failure = await takeOver(host, before, after)
  if (failure !== undefined) {
    await addVersion({ actor, origin, note: 'taken back: the gateway could not run it' })
    throw failure
  }
  const { version } = await readPresent(host)
  return { version, changeId, files: names, warnings }
}

async function write(
  directory: string,
  contents: ReadonlyMap<string, Buffer | null>,
  before: ReadonlyMap<string, Buffer | undefined>,
): Promise<void> {
  try {
    await writeProjectFiles(directory, contents, before)
  } catch (error) {
    if (error instanceof FilesChangedError) throw versionChanged(error.files)
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
      throw new GatewayError('config_read_only', { message: `The files cannot be written (${code}).`, cause: error })
    throw error
  }
}

/** Lets the gateway run the files. When it does not, they are as before again, it runs what it ran, and the answer is why. */
async function takeOver(
  { directory, reload }: EditorHost,
  before: ReadonlyMap<string, Buffer | undefined>,
  after: ProjectFiles,
): Promise<GatewayError | undefined> {
  const failure = await reload().then(
    (result) => (result.ok ? undefined : { data: { problems: result.problems } }),
    (cause: unknown) => ({ cause }),
  )
  if (failure === undefined) return undefined
  const old = new Map([...before].map(([file, bytes]) => [file, bytes ?? null]))
  await writeProjectFiles(directory, old, new Map([...before.keys()].map((file) => [file, after.get(file)])))
  await reload().catch(() => undefined)
  return new GatewayError('config_reload_failed', failure)
}

/** The edits that lead from the files as they are to those of a version, for the files that it changed. */
export function editsTo(
  present: PresentFiles,
  wanted: ReadonlyMap<string, string>,
  files: readonly string[],
): readonly ConfigEdit[] {
  return files.flatMap((file): ConfigEdit[] => {
    const text = wanted.get(file)?.replace(byteOrderMark, '')
    const bytes = present.files.get(file)
    if (text === present.texts.get(file)) return []
    if (text !== undefined)
      return [{ kind: 'write', file, base: bytes === undefined ? null : fileVersion(bytes), text }]
    if (bytes === undefined) return []
    return [{ kind: 'delete', file }]
  })
}
