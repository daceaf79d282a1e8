import { isJsonObject } from '../../lib/json.ts'
import { formatPath } from '../json-path.ts'
import type { ConfigEdit } from './config-edit.ts'
import { EditError } from './edit-error.ts'
import { findLiteralSecrets, keepSecrets, type SecretDeclarations } from './find-literal-secrets.ts'
import { listPlacedTexts, listTexts, type PlacedText } from './list-texts.ts'

const mask = /^\[secret (\d+)\]$/

/** A text without its secrets: they can be changed, not read. */
export interface MaskedText {
  readonly text: string
  /** How many are masked. */
  readonly secrets: number
}

/** The text with `[secret 1]`, `[secret 2]`, … in the place of the secrets that stand in it. */
export async function maskSecrets(file: string, text: string, declarations: SecretDeclarations): Promise<MaskedText> {
  const secrets = await findLiteralSecrets(file, text, declarations)
  return {
    text: replaceRanges(text, secrets, (index) => JSON.stringify(`[secret ${index + 1}]`)),
    secrets: secrets.length,
  }
}

/** Two texts of one file with the same mask for the same secret, so that a diff shows which of them changed; null: there is no file. */
export async function maskBoth(
  file: string,
  texts: readonly [before: string | null, after: string | null],
  declarations: SecretDeclarations,
): Promise<readonly [before: string | null, after: string | null]> {
  const masks = new Map<string, string>()
  for (const text of texts) {
    const secrets = text === null ? [] : await findLiteralSecrets(file, text, declarations)
    for (const secret of secrets)
      if (!masks.has(secret.text)) masks.set(secret.text, JSON.stringify(`[secret ${masks.size + 1}]`))
  }
  const maskText = async (text: string | null) => {
    if (text === null) return null
    // By value: an edit may make of a secret place one that is none.
    const found = (await listTexts(file, text)).filter((each) => masks.has(each.text))
    return replaceRanges(text, found, (index) => masks.get(found[index]?.text ?? '') ?? '')
  }
  return [await maskText(texts[0]), await maskText(texts[1])]
}

/** Edits with the secrets of the files back in the place of their masks. Throws `EditError` for a mask that stands for nothing. */
export async function restoreSecrets(
  edits: readonly ConfigEdit[],
  texts: ReadonlyMap<string, string>,
  declarations: SecretDeclarations,
): Promise<readonly ConfigEdit[]> {
  return Promise.all(edits.map((edit) => restoreInEdit(edit, texts.get(edit.file) ?? '', declarations)))
}

async function restoreInEdit(
  edit: ConfigEdit,
  original: string,
  declarations: SecretDeclarations,
): Promise<ConfigEdit> {
  const holdsMask = JSON.stringify(edit).includes('[secret ')
  if (!holdsMask || edit.kind === 'remove' || edit.kind === 'delete') return edit
  const secrets = await findLiteralSecrets(edit.file, original, declarations)
  const find = (shown: string) => {
    const secret = secrets[Number(mask.exec(shown)?.[1]) - 1]
    if (secret === undefined) throw new EditError(`${shown} stands for no secret of ${edit.file}`)
    return secret
  }
  if (edit.kind !== 'write')
    return { ...edit, value: mapTexts(edit.value, (text) => (mask.test(text) ? find(text).text : text)) }
  const masks = (await listTexts(edit.file, edit.text)).filter(({ text }) => mask.test(text))
  const sources = masks
    .map(({ text }) => find(text))
    .map(({ offset, length }) => original.slice(offset, offset + length))
  return { ...edit, text: replaceRanges(edit.text, masks, (index) => sources[index] ?? '') }
}

/**
 * Throws an `EditError` when a secret of a file would stand in a place where it is shown, because its mask was moved or because its place is
 * none for secrets any more: who may write it may not read it. `edited`: the texts after the edits.
 */
export async function refuseShownSecrets(
  texts: ReadonlyMap<string, string>,
  edited: ReadonlyMap<string, string | null>,
  declarations: SecretDeclarations,
): Promise<void> {
  for (const [file, text] of edited) {
    if (text === null) continue
    const original = texts.get(file) ?? ''
    const secrets = new Set((await findLiteralSecrets(file, original, declarations)).map((each) => each.text))
    if (secrets.size === 0) continue
    // What stood in the open already, like a secret that is somebody's name, is no news.
    for (const each of await listShown(file, original, declarations)) secrets.delete(each.text)
    const shown = (await listShown(file, text, declarations)).find((each) => secrets.has(each.text))
    if (shown !== undefined)
      throw new EditError(`a secret would be shown at ${formatPath(shown.path)}: it stays where secrets stand`)
  }
}

async function listShown(file: string, text: string, declarations: SecretDeclarations): Promise<readonly PlacedText[]> {
  const texts = await listPlacedTexts(file, text)
  const hidden = new Set(keepSecrets(file, texts, declarations))
  return texts.filter((each) => !hidden.has(each))
}

function replaceRanges(
  text: string,
  ranges: readonly { readonly offset: number; readonly length: number }[],
  replacement: (index: number) => string,
): string {
  let result = ''
  let end = 0
  for (const [index, { offset, length }] of ranges.entries()) {
    result += text.slice(end, offset) + replacement(index)
    end = offset + length
  }
  return result + text.slice(end)
}

function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value)
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, map))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mapTexts(member, map)]))
}
