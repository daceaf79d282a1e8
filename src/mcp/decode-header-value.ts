const prefix = '=?base64?'
const suffix = '?='
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * The value an `Mcp-*` header stands for: Base64 sentinels are decoded (2026-07-28 transport), and what is not wrapped whole stands for itself.
 * Undefined when the Base64 within is malformed.
 */
export function decodeHeaderValue(value: string): string | undefined {
  if (!value.startsWith(prefix) || !value.endsWith(suffix) || value.length < prefix.length + suffix.length) return value
  const encoded = value.slice(prefix.length, -suffix.length)
  return base64.test(encoded) ? Buffer.from(encoded, 'base64').toString('utf8') : undefined
}
