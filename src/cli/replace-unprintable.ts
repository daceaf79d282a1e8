// Control characters, direction marks and line separators.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** The text as a terminal may show it: what others chose must not move the cursor, colour what follows, or turn it around. */
export function replaceUnprintable(text: string): string {
  return text.replaceAll(unprintable, '?')
}
