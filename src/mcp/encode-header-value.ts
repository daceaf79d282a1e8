// Visible ASCII with inner blanks; anything else travels in the Base64 sentinel.
const plainValue = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/

/** A text as the value of an `Mcp-*` header (2026-07-28 §headers). `decodeHeaderValue` reads it. */
export function encodeHeaderValue(value: string): string {
  return plainValue.test(value) && !value.startsWith('=?base64?')
    ? value
    : `=?base64?${Buffer.from(value).toString('base64')}?=`
}
