import { isJsonObject } from '../../lib/json.ts'
import type { ConfigEdit } from './config-edit.ts'
import { EditError } from './edit-error.ts'
import { findLiteralSecrets, type SecretDeclarations } from './find-literal-secrets.ts'
import { listTexts } from './list-texts.ts'

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
  const maskOf = (secret: string) => {
    const known = masks.get(secret) ?? JSON.stringify(`[secret ${masks.size + 1}]`)
    masks.set(secret, known)
    return known
  }
  const maskText = async (text: string | null) => {
    if (text === null) return null
    const secrets = await findLiteralSecrets(file, text, declarations)
    return replaceRanges(text, secrets, (index) => maskOf(secrets[index]?.text ?? ''))
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
