/** One attribute as OTLP/JSON has it. Integers of 64 bits are texts there. */
export interface OtlpAttribute {
  readonly key: string
  readonly value:
    | { readonly stringValue: string }
    | { readonly intValue: string }
    | { readonly doubleValue: number }
    | { readonly boolValue: boolean }
}

type AttributeValue = string | number | boolean | null | undefined

/** Attributes of a record; those without a value are left out, as the specification wants. */
export function toAttributes(values: { readonly [key: string]: AttributeValue }): OtlpAttribute[] {
  const attributes: OtlpAttribute[] = []
  for (const key in values) {
    const value = values[key]
    if (value === undefined || value === null || value === '') continue
    attributes.push({ key, value: toValue(value) })
  }
  return attributes
}

function toValue(value: string | number | boolean): OtlpAttribute['value'] {
  // Halves of surrogate pairs, which clients may send, have no UTF-8.
  if (typeof value === 'string') return { stringValue: value.toWellFormed() }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

/** Milliseconds since the epoch as nanoseconds. A number has no room for them, so microseconds are the finest there is. */
export function toNanoseconds(epochMs: number): string {
  return `${Math.round(epochMs * 1000)}000`
}

/** A time of the monotonic clock on that of the world. */
export function toEpochMs(monotonicMs: number): number {
  return performance.timeOrigin + monotonicMs
}

/** Who sends: `service.*` and what the operator adds. */
export interface OtlpSource {
  readonly resource: readonly OtlpAttribute[]
  readonly version: string
}

/** The scope that everything of the gateway is in. */
export function toScope({ version }: OtlpSource): { readonly name: string; readonly version: string } {
  return { name: 'sallyport', version }
}
