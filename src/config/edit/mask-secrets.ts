import { isJsonObject } from '../../lib/json.ts'
import { formatPath } from '../json-path.ts'
import type { ConfigEdit } from './config-edit.ts'
import { EditError } from './edit-error.ts'
import { findCommentSecrets } from './find-comment-secrets.ts'
import {
  findLiteralSecrets,
  keepDeclaredSecrets,
  keepSecrets,
  type SecretDeclarations,
} from './find-literal-secrets.ts'
import { type Comment, listComments } from './list-comments.ts'
import { listPlacedTexts, listTexts, type PlacedText, type TextValue } from './list-texts.ts'

const mask = /^\[secret (\d+)\]$/
const anyMask = /\[secret \d+\]/

/** A text without its secrets: they can be changed, not read. */
export interface MaskedText {
  readonly text: string
  /** How many are masked. */
  readonly secrets: number
}

/** A part of a file that is masked: a value, or what a comment says. */
type Masked = ({ readonly in: 'value' } & TextValue) | ({ readonly in: 'comment' } & Comment)

/** The text with `[secret 1]`, `[secret 2]`, … in the place of the secrets that stand in it. */
export async function maskSecrets(file: string, text: string, declarations: SecretDeclarations): Promise<MaskedText> {
  const secrets = await findMasked(file, text, declarations)
  return {
    text: replaceRanges(text, secrets, (index) => writeMask(secrets[index]?.in, index + 1)),
    secrets: secrets.length,
  }
}

/** Values and comments with secrets, in the order of the file. */
async function findMasked(file: string, text: string, declarations: SecretDeclarations): Promise<readonly Masked[]> {
  const values = await findLiteralSecrets(file, text, declarations)
  const comments = await findCommentSecrets(
    file,
    text,
    values.map((each) => each.text),
  )
  const all: Masked[] = [
    ...values.map((each) => ({ in: 'value' as const, ...each })),
    ...comments.map((each) => ({ in: 'comment' as const, ...each })),
  ]
  return all.sort((one, other) => one.offset - other.offset)
}

function writeMask(place: Masked['in'] | undefined, number: number): string {
  const text = `[secret ${number}]`
  return place === 'comment' ? text : JSON.stringify(text)
}

/** Two texts of one file with the same mask for the same secret, so that a diff shows which of them changed; null: there is no file. */
export async function maskBoth(
  file: string,
  texts: readonly [before: string | null, after: string | null],
  declarations: SecretDeclarations,
): Promise<readonly [before: string | null, after: string | null]> {
  const masks = new Map<string, string>()
  const keyOf = ({ in: place, text }: Pick<Masked, 'in' | 'text'>) => `${place} ${text}`
  const found = await Promise.all(
    texts.map(async (text) => (text === null ? [] : findMasked(file, text, declarations))),
  )
  for (const secret of found.flat())
    if (!masks.has(keyOf(secret))) masks.set(keyOf(secret), writeMask(secret.in, masks.size + 1))
  const maskText = async (text: string | null) => {
    if (text === null) return null
    // By what they say: an edit may make of a secret place one that is none.
    const shown = (await listMaskable(file, text)).filter((each) => masks.has(keyOf(each)))
    return replaceRanges(text, shown, (index) => masks.get(keyOf(shown[index] ?? { in: 'value', text: '' })) ?? '')
  }
  return [await maskText(texts[0]), await maskText(texts[1])]
}

async function listMaskable(file: string, text: string): Promise<readonly Masked[]> {
  const values = (await listTexts(file, text)).map((each) => ({ in: 'value' as const, ...each }))
  const comments = (await listComments(file, text)).map((each) => ({ in: 'comment' as const, ...each }))
  return [...values, ...comments].sort((one, other) => one.offset - other.offset)
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
  const secrets = await findMasked(edit.file, original, declarations)
  const find = (shown: string, place: Masked['in']) => {
    const secret = secrets[Number(mask.exec(shown)?.[1]) - 1]
    if (secret === undefined) throw new EditError(`${shown} stands for no secret of ${edit.file}`)
    if (secret.in !== place) throw new EditError(`${shown} stands for a ${secret.in}, and cannot become a ${place}`)
    return secret
  }
  if (edit.kind !== 'write')
    return { ...edit, value: mapTexts(edit.value, (text) => (mask.test(text) ? find(text, 'value').text : text)) }
  const comments = new Set((await listComments(edit.file, original)).map(({ text }) => text))
  const masks = (await listMaskable(edit.file, edit.text)).filter(({ in: place, text }) => {
    if (mask.test(text)) return true
    if (place === 'comment' && anyMask.test(text) && !comments.has(text))
      throw new EditError('a masked secret cannot become a part of a comment: remove it there')
    return false
  })
  const sources = masks
    .map(({ text, in: place }) => find(text, place))
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
    await refuseShownComments(file, [original, text], declarations)
    const secrets = new Set((await findLiteralSecrets(file, original, declarations)).map((each) => each.text))
    if (secrets.size === 0) continue
    // What stood in the open already, like a secret that is somebody's name, is no news.
    for (const each of await listShown(file, original, declarations)) secrets.delete(each.text)
    const places = new Set((await listPlacedTexts(file, original)).map(placeOf))
    const shown = (await listShown(file, text, declarations, places)).find((each) => secrets.has(each.text))
    if (shown !== undefined)
      throw new EditError(`a secret would be shown at ${formatPath(shown.path)}: it stays where secrets stand`)
  }
}

/** A comment may be masked because of a value that an edit takes away. */
async function refuseShownComments(
  file: string,
  [before, after]: readonly [before: string, after: string],
  declarations: SecretDeclarations,
): Promise<void> {
  const maskedIn = async (text: string) => {
    const found = await findMasked(file, text, declarations)
    return new Set(found.filter((each) => each.in === 'comment').map((each) => each.text))
  }
  const secrets = await maskedIn(before)
  if (secrets.size === 0) return
  const masked = await maskedIn(after)
  const shown = (await listComments(file, after)).some(({ text }) => secrets.has(text) && !masked.has(text))
  if (shown) throw new EditError('a comment that repeats a secret would be shown: remove the comment as well')
}

/**
 * Texts that somebody can read. `places`: of texts that only look like a secret, those that stand elsewhere can be read too, since the console is
 * not the only one that shows them.
 */
async function listShown(
  file: string,
  text: string,
  declarations: SecretDeclarations,
  places?: ReadonlySet<string>,
): Promise<readonly PlacedText[]> {
  const texts = await listPlacedTexts(file, text)
  const hidden = new Set(keepSecrets(file, texts, declarations))
  const declared = new Set(keepDeclaredSecrets(file, texts, declarations))
  const stays = (each: PlacedText) => declared.has(each) || places?.has(placeOf(each)) !== false
  return texts.filter((each) => !hidden.has(each) || !stays(each))
}

/** A text and the name that it stands under, wherever that is. */
function placeOf({ path, text }: PlacedText): string {
  return `${String(path.findLast((segment) => typeof segment === 'string'))} ${text}`
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
