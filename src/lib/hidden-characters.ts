/** Characters that people do not see and models read. */
const hidden: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'tag characters', pattern: /[\u{E0000}-\u{E007F}]/u },
  { what: 'direction controls', pattern: /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u },
  { what: 'zero-width characters', pattern: /\u034F|[\u00AD\u180E\u200B-\u200D\u2060-\u2064\u206A-\u206F\uFEFF]/u },
  { what: 'variation selectors', pattern: /[\uFE00-\uFE0F\u{E0100}-\u{E01EF}\u180B-\u180D\u180F]/u },
  { what: 'invisible fillers', pattern: /[\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0\uFFF9-\uFFFB]/u },
  { what: 'control characters', pattern: /(?![\t\n\r])\p{Cc}/u },
]

/**
 * Where such characters are ordinary writing: parts of emoji (also the three flags that are spelled in tags), joiners of scripts that
 * join, direction marks in texts that run from right to left, variants of ideographs.
 */
const ordinary: readonly RegExp[] = [
  /\u{1F3F4}\u{E0067}\u{E0062}(?:\u{E0065}\u{E006E}\u{E0067}|\u{E0073}\u{E0063}\u{E0074}|\u{E0077}\u{E006C}\u{E0073})\u{E007F}/gu,
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D(?=\p{Extended_Pictographic})/gu,
  /(?<=\p{Emoji})[\uFE0E\uFE0F]/gu,
  /(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gujarati}\p{Script=Gurmukhi}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Oriya}\p{Script=Sinhala}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Khmer}\p{Script=Myanmar}])[\u200C\u200D](?=\p{L})/gu,
  /(?<=[\p{Script=Han}])[\uFE00-\uFE02\u{E0100}-\u{E01EF}]/gu,
  /(?<=\p{Script=Mongolian})[\u180B-\u180F]/gu,
]

const rightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u
const directionMarks = /[\u061C\u200E\u200F]/g

// Nearly every text is of these alone.
const plain = /^[\t\n\r\x20-\x7E]*$/

/** Kinds of hidden characters in a text, e.g. `zero-width characters`; empty for ordinary writing. */
export function findHiddenCharacters(text: string): readonly string[] {
  if (plain.test(text)) return []
  let rest = rightToLeft.test(text) ? text.replaceAll(directionMarks, '') : text
  for (const pattern of ordinary) rest = rest.replaceAll(pattern, '')
  return hidden.filter(({ pattern }) => pattern.test(rest)).map(({ what }) => what)
}

/** The text without any of them, as a model might put it together. */
export function removeHiddenCharacters(text: string): string {
  if (plain.test(text)) return text
  let rest = text
  for (const { pattern } of hidden) rest = rest.replaceAll(new RegExp(pattern, `${pattern.flags}g`), '')
  return rest
}

/** The text with every such character as a JavaScript escape, so that reviewers see it. Valid JSON stays the same JSON. */
export function escapeHiddenCharacters(text: string): string {
  if (plain.test(text)) return text
  let shown = text
  for (const { pattern } of hidden) shown = shown.replaceAll(new RegExp(pattern, `${pattern.flags}g`), toEscape)
  return shown
}

function toEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}
