/**
 * The text as case-insensitive comparison sees it (Unicode simple case folding): lower case, and the long s (U+017F) and the
 * Kelvin sign (U+212A) as the letters they stand for. JSON readers that ignore case take `param\u017f` for `params`.
 */
export function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase()
}
