/** Where in which trace something happens (W3C Trace Context). */
export interface SpanContext {
  /** 32 hexadecimal characters. */
  readonly traceId: string
  /** 16 hexadecimal characters. */
  readonly spanId: string
  readonly sampled: boolean
}

const pattern = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** Reads a `traceparent`; undefined for what the specification says to ignore. Later versions may carry more behind the flags. */
export function parseTraceparent(value: unknown): SpanContext | undefined {
  const [, version, traceId, spanId, flags = '', rest] = typeof value === 'string' ? (pattern.exec(value) ?? []) : []
  if (traceId === undefined || spanId === undefined || (version === '00' && rest !== undefined)) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** Writes a `traceparent` of version 00. */
export function formatTraceparent({ traceId, spanId, sampled }: SpanContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}
