import { InvalidArgumentError } from 'commander'
import { tenantPattern, tenantRule } from '../lib/tenant.ts'

const unitMilliseconds: { readonly [unit: string]: number } = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const span = /^(\d+)([smhd])$/

/** Milliseconds since the epoch of a time that has passed: a time, or an age like 15m. */
export function parseSince(text: string): number {
  return Date.now() - (parseSpan(text) ?? Date.now() - parseTime(text, 'an age like 15m'))
}

/** Milliseconds since the epoch of a time to come: a time, or a span like 90d. */
export function parseExpiry(text: string): number {
  const length = parseSpan(text)
  const time = length === undefined ? parseTime(text, 'a span like 90d') : Date.now() + length
  if (time <= Date.now()) throw new InvalidArgumentError('That time has passed.')
  return time
}

/** Collects repeated `key=value` options. */
export function collectPair(text: string, earlier: { readonly [key: string]: string } = {}): Record<string, string> {
  const separator = text.indexOf('=')
  if (separator < 1) throw new InvalidArgumentError('Write key=value.')
  return { ...earlier, [text.slice(0, separator)]: text.slice(separator + 1) }
}

/** A name of a tenant. */
export function parseTenant(text: string): string {
  if (!tenantPattern.test(text)) throw new InvalidArgumentError(`It ${tenantRule}.`)
  return text
}

/** Collects repeated options. */
export function collect(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, text]
}

function parseSpan(text: string): number | undefined {
  const match = span.exec(text)
  return match ? Number(match[1]) * (unitMilliseconds[match[2] ?? ''] ?? 0) : undefined
}

function parseTime(text: string, alternative: string): number {
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new InvalidArgumentError(`Write a time like 2026-11-20T09:00Z or ${alternative}.`)
  return time
}
