/** Numbers, one for each row. */
export type NumberArray = Uint8Array | Uint16Array | Uint32Array | Float64Array

/** How an array is written. `same`: one value for all rows; `ordinal`: 1, 2, 3 and so on. Neither takes room. */
export type ArrayHeader =
  | { readonly kind: 'same'; readonly length: number; readonly value: number }
  | { readonly kind: 'ordinal'; readonly length: number }
  | { readonly kind: 'u8' | 'u16' | 'u32' | 'f64'; readonly length: number }

const widths = { u8: 1, u16: 2, u32: 4, f64: 8, same: 0, ordinal: 0 }

/** Bytes that an array takes, a multiple of eight, so that the next one is aligned. */
export function measureArray({ kind, length }: ArrayHeader): number {
  return Math.ceil((widths[kind] * length) / 8) * 8
}

/** The narrowest way to write numbers. */
export function describeArray(numbers: ArrayLike<number>): ArrayHeader {
  const { length } = numbers
  const first = numbers[0] ?? 0
  let most = 0
  let same = true
  let ordinal = true
  let whole = true
  for (let row = 0; row < length; row++) {
    const number = numbers[row] ?? 0
    if (number > most) most = number
    if (number !== first) same = false
    if (number !== row + 1) ordinal = false
    if (number < 0 || !Number.isInteger(number)) whole = false
  }
  if (same) return { kind: 'same', length, value: first }
  if (ordinal) return { kind: 'ordinal', length }
  if (!whole || most > 0xff_ff_ff_ff) return { kind: 'f64', length }
  return { kind: most > 0xff_ff ? 'u32' : most > 0xff ? 'u16' : 'u8', length }
}

/** Writes the numbers at an offset that is a multiple of eight. */
export function writeArray(header: ArrayHeader, numbers: ArrayLike<number>, target: ArrayBuffer, offset: number): void {
  if (header.kind === 'same' || header.kind === 'ordinal') return
  viewArray(header.kind, target, offset, header.length).set(numbers)
}

/** The numbers that were written; a view of `source` where they were. */
export function readArray(header: ArrayHeader, source: ArrayBuffer, offset: number): NumberArray {
  if (header.kind === 'ordinal') return Uint32Array.from({ length: header.length }, (_, row) => row + 1)
  if (header.kind !== 'same') return viewArray(header.kind, source, offset, header.length)
  const isByte = header.value >= 0 && header.value <= 0xff && Number.isInteger(header.value)
  const numbers = isByte ? new Uint8Array(header.length) : new Float64Array(header.length)
  return numbers.fill(header.value)
}

function viewArray(
  kind: 'u8' | 'u16' | 'u32' | 'f64',
  buffer: ArrayBuffer,
  offset: number,
  length: number,
): NumberArray {
  if (kind === 'u8') return new Uint8Array(buffer, offset, length)
  if (kind === 'u16') return new Uint16Array(buffer, offset, length)
  if (kind === 'u32') return new Uint32Array(buffer, offset, length)
  return new Float64Array(buffer, offset, length)
}
