/** Numbers, one for each row. */
export type NumberArray = Uint8Array | Uint16Array | Uint32Array | Float64Array

type Kind = 'u8' | 'u16' | 'u32' | 'f64'

/**
 * How an array is written. `same`: one value for all rows; `ordinal`: 1, 2, 3 and so on. Neither takes room. A number is what is written, divided by
 * `scale`, more than `base`; without those members it is what is written.
 */
export type ArrayHeader =
  | { readonly kind: 'same'; readonly length: number; readonly value: number }
  | { readonly kind: 'ordinal'; readonly length: number }
  | { readonly kind: Kind; readonly length: number; readonly base?: number; readonly scale?: number }

const widths = { u8: 1, u16: 2, u32: 4, f64: 8, same: 0, ordinal: 0 }
/** Of durations, in milliseconds: they are whole microseconds. */
const fineScale = 1000

/** Bytes that an array takes, a multiple of eight, so that the next one is aligned. */
export function measureArray({ kind, length }: ArrayHeader): number {
  return Math.ceil((widths[kind] * length) / 8) * 8
}

/** The narrowest way to write numbers. */
export function describeArray(numbers: ArrayLike<number>): ArrayHeader {
  const { length } = numbers
  // Bytes, not numbers: they vary, and are many.
  if (numbers instanceof Uint8Array) return { kind: 'u8', length }
  const first = numbers[0] ?? 0
  let [least, most] = [first, first]
  let [ordinal, whole, fine] = [true, true, true]
  for (let row = 0; row < length; row++) {
    const number = numbers[row] ?? 0
    if (number > most) most = number
    if (number < least) least = number
    if (number !== row + 1) ordinal = false
    if (!Number.isInteger(number)) whole = false
    if (fine && Math.round(number * fineScale) / fineScale !== number) fine = false
  }
  if (least === most) return { kind: 'same', length, value: first }
  if (ordinal) return { kind: 'ordinal', length }
  if (!whole) return fine && least >= 0 ? describeFine(length, most) : { kind: 'f64', length }
  const plain = kindOf(most)
  const based = kindOf(most - least)
  return least >= 0 && plain === based
    ? { kind: plain, length }
    : { kind: based, length, ...(based !== 'f64' && { base: least }) }
}

function describeFine(length: number, most: number): ArrayHeader {
  const kind = kindOf(most * fineScale)
  return kind === 'f64' ? { kind, length } : { kind, length, scale: fineScale }
}

function kindOf(most: number): Kind {
  if (most > 0xff_ff_ff_ff) return 'f64'
  return most > 0xff_ff ? 'u32' : most > 0xff ? 'u16' : 'u8'
}

/** Writes the numbers at an offset that is a multiple of eight. */
export function writeArray(header: ArrayHeader, numbers: ArrayLike<number>, target: ArrayBuffer, offset: number): void {
  if (header.kind === 'same' || header.kind === 'ordinal') return
  const { kind, length, base = 0, scale = 1 } = header
  const written = viewArray(kind, target, offset, length)
  if (base === 0 && scale === 1) written.set(numbers)
  else for (let row = 0; row < length; row++) written[row] = Math.round(((numbers[row] ?? 0) - base) * scale)
}

/** The numbers that were written; where they were written as they are, a view of `source`. */
export function readArray(header: ArrayHeader, source: ArrayBuffer, offset: number): NumberArray {
  if (header.kind === 'ordinal') return Uint32Array.from({ length: header.length }, (_, row) => row + 1)
  if (header.kind === 'same') {
    const isByte = header.value >= 0 && header.value <= 0xff && Number.isInteger(header.value)
    return (isByte ? new Uint8Array(header.length) : new Float64Array(header.length)).fill(header.value)
  }
  const { kind, length, base = 0, scale = 1 } = header
  const written = viewArray(kind, source, offset, length)
  if (base === 0 && scale === 1) return written
  const numbers = new Float64Array(length)
  for (let row = 0; row < length; row++) numbers[row] = (written[row] ?? 0) / scale + base
  return numbers
}

function viewArray(kind: Kind, buffer: ArrayBuffer, offset: number, length: number): NumberArray {
  if (kind === 'u8') return new Uint8Array(buffer, offset, length)
  if (kind === 'u16') return new Uint16Array(buffer, offset, length)
  if (kind === 'u32') return new Uint32Array(buffer, offset, length)
  return new Float64Array(buffer, offset, length)
}
