const base64Sentinel = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/

/** The value an `Mcp-*` header stands for: Base64 sentinels are decoded (2026-07-28 transport). Undefined when malformed. */
export function decodeHeaderValue(value: string): string | undefined {
  if (!value.startsWith('=?base64?')) return value
  const encoded = base64Sentinel.exec(value)?.[1]
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8')
}
