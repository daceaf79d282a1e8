import type { JsonObject } from '../lib/json.ts'
import { Secret } from '../lib/secret.ts'
import { hidden, isSecretName, scrubText } from './secret-text.ts'

const maxDepth = 8
const maxEntries = 100
const maxValues = 2000
const maxCauses = 4

/**
 * A copy of `value` that is safe to log: secrets replaced, cycles named; at most 8 levels, 100 entries per object or
 * list and 2,000 values; errors with up to 4 causes. Never throws; the original is not changed.
 */
export function scrub(value: unknown): unknown {
  return new Scrubber().scrub(value, 0)
}

/** One pass over one value. */
class Scrubber {
  /** The objects around the current one, outermost first. */
  readonly #ancestors: object[] = []
  #left = maxValues

  scrub(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return scrubText(value)
    if (typeof value === 'bigint') return value.toString()
    if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
    if (typeof value !== 'object' || value === null) return value
    if (this.#ancestors.includes(value)) return '[circular]'
    if (depth > maxDepth) return '[too deep]'
    this.#ancestors.push(value)
    try {
      return this.#scrubObject(value, depth)
    } catch {
      return '[unreadable]'
    } finally {
      this.#ancestors.pop()
    }
  }

  #scrubObject(value: object, depth: number): unknown {
    if (Array.isArray(value)) return this.#scrubList(value, value.length, depth)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#scrubMembers(value as JsonObject, depth)
    if (value instanceof Secret) return hidden
    if (value instanceof Error) return this.#scrubError(value, depth)
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
    if (value instanceof URL) return scrubText(value.href)
    if (value instanceof Set) return this.#scrubList(value, value.size, depth)
    if (value instanceof Map || value instanceof Headers || value instanceof URLSearchParams) {
      return this.#scrubEntries(value, depth)
    }
    return this.#scrubMembers(value as JsonObject, depth)
  }

  #scrubMembers(object: JsonObject, depth: number): JsonObject {
    const scrubbed: JsonObject = {}
    let room = maxEntries
    for (const name of Object.keys(object)) {
      if (room-- === 0 || this.#left <= 0) return { ...scrubbed, '…': 'more' }
      this.#setMember(scrubbed, name, object[name], depth)
    }
    // `{ name: 'x-api-key', value: '…' }`, as in the options of a policy.
    if (typeof object.name === 'string' && 'value' in scrubbed && isSecretName(object.name)) scrubbed.value = hidden
    return scrubbed
  }

  #scrubEntries(entries: Iterable<[unknown, unknown]>, depth: number): JsonObject {
    const scrubbed: JsonObject = {}
    let room = maxEntries
    for (const [name, value] of entries) {
      if (room-- === 0 || this.#left <= 0) return { ...scrubbed, '…': 'more' }
      this.#setMember(scrubbed, typeof name === 'string' ? name : `[${typeof name}]`, value, depth)
    }
    return scrubbed
  }

  #setMember(target: JsonObject, name: string, value: unknown, depth: number): void {
    this.#left--
    const scrubbed = isSecretName(name) && !isHarmless(name, value) ? hidden : this.#scrubMember(value, depth)
    const safeName = scrubText(name)
    // An own member named __proto__ must not become the prototype of the copy.
    if (safeName === '__proto__') Object.defineProperty(target, safeName, { value: scrubbed, enumerable: true })
    else target[safeName] = scrubbed
  }

  /** An error that is printed as a cause anyway is not printed twice. */
  #scrubMember(value: unknown, depth: number): unknown {
    const isCause = value instanceof Error && this.#errors().some((error) => error.cause === value)
    return isCause ? '[cause]' : this.scrub(value, depth + 1)
  }

  /** Names and values may alternate, as in the raw headers of Node, or come in pairs. */
  #scrubList(list: Iterable<unknown>, length: number, depth: number): unknown[] {
    const scrubbed: unknown[] = []
    let previous: unknown
    for (const value of list) {
      if (scrubbed.length === maxEntries || this.#left-- <= 0)
        return [...scrubbed, `… ${length - scrubbed.length} more`]
      const isHidden = typeof previous === 'string' && typeof value === 'string' && isSecretName(previous)
      scrubbed.push(isHidden ? hidden : this.scrub(value, depth + 1))
      previous = value
    }
    return scrubbed
  }

  /** Causes do not count as levels; they have a bound of their own. */
  #scrubError(error: Error, depth: number): JsonObject {
    const scrubbed = this.#scrubMembers(error as unknown as JsonObject, depth)
    scrubbed.name = this.scrub(error.name, depth)
    scrubbed.message = this.scrub(error.message, depth)
    if (error.stack) scrubbed.stack = this.scrub(error.stack, depth)
    if (error.cause === undefined) return scrubbed
    const causes = this.#errors().length - 1
    scrubbed.cause = causes < maxCauses ? this.scrub(error.cause, depth) : '[more causes]'
    return scrubbed
  }

  #errors(): readonly Error[] {
    return this.#ancestors.filter((ancestor) => ancestor instanceof Error)
  }
}

const systemErrorCode = /^E[A-Z0-9_]{2,50}$/

/** Nothing, a switch, or a `code` of JSON-RPC or of the operating system instead of one of OAuth. */
function isHarmless(name: string, value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'boolean') return true
  if (name !== 'code') return false
  return typeof value === 'number' || (typeof value === 'string' && systemErrorCode.test(value))
}
