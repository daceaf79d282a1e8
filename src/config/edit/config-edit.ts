import { pinsFile } from '../../mcp/definitions/pins-file.ts'
import type { JsonPath } from '../json-path.ts'
import { isRoutesFile, policiesFiles, settingsFile } from '../project-files.ts'
import { EditError } from './edit-error.ts'

/** One change of one file. */
export type ConfigEdit = { readonly file: string } & (
  | { readonly kind: 'set'; readonly path: JsonPath; readonly value: unknown }
  /** In front of the entry at `index`; absent: at the end. */
  | { readonly kind: 'insert'; readonly path: JsonPath; readonly index?: number | undefined; readonly value: unknown }
  | { readonly kind: 'remove'; readonly path: JsonPath }
  /** `base`: hash of the text that was edited; null: the file is new. */
  | { readonly kind: 'write'; readonly base: string | null; readonly text: string }
  | { readonly kind: 'delete' }
)

/** Texts of the files of a project by name; null: the file will be gone. */
export type EditedTexts = ReadonlyMap<string, string | null>

/** A file of routes that may be made: directly in `config`, with a name that needs no quoting. */
const newRoutesFile = /^config\/[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.oas\.(json|jsonc|yaml|yml)$/

/** The texts that edits change. Throws `EditError` for what cannot be edited. The edits see each other, in order. */
export async function editTexts(
  texts: ReadonlyMap<string, string>,
  edits: readonly ConfigEdit[],
): Promise<EditedTexts> {
  const edited = new Map<string, string | null>()
  for (const edit of edits) {
    const { file } = edit
    const text = edited.has(file) ? edited.get(file) : texts.get(file)
    if (text === undefined || text === null) checkNewFile(edit)
    edited.set(file, await applyOne(edit, text ?? ''))
  }
  for (const [file, text] of edited) if (text === texts.get(file)) edited.delete(file)
  return edited
}

function checkNewFile({ file, kind }: ConfigEdit): void {
  if (kind === 'write' && newRoutesFile.test(file) && !file.includes('..')) return
  const isOurs = file === settingsFile || file === pinsFile || policiesFiles.includes(file) || isRoutesFile(file)
  throw new EditError(
    isOurs
      ? `there is no file ${file}`
      : 'a file is named that is no part of the project; new ones are config/*.oas.json',
  )
}

async function applyOne(edit: ConfigEdit, text: string): Promise<string | null> {
  if (edit.kind === 'write') return edit.text
  if (edit.kind === 'delete') {
    if (!isRoutesFile(edit.file)) throw new EditError(`${edit.file} is needed: only files of routes can be removed`)
    return null
  }
  refuseUnsafePath(edit.path)
  if (/\.ya?ml$/.test(edit.file)) {
    const { insertInYaml, removeFromYaml, setInYaml } = await import('./edit-yaml.ts')
    if (edit.kind === 'set') return setInYaml(text, edit.path, edit.value)
    return edit.kind === 'insert'
      ? insertInYaml(text, edit.path, edit.index, edit.value)
      : removeFromYaml(text, edit.path)
  }
  const { insertInJsonc, removeFromJsonc, setInJsonc } = await import('./edit-jsonc.ts')
  if (edit.kind === 'set') return setInJsonc(text, edit.path, edit.value)
  return edit.kind === 'insert'
    ? insertInJsonc(text, edit.path, edit.index, edit.value)
    : removeFromJsonc(text, edit.path)
}

function refuseUnsafePath(path: JsonPath): void {
  if (path.includes('__proto__')) throw new EditError('this property name is not allowed')
}
