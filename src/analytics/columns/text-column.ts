import type { Column, PlainColumn } from './column.ts'

/** Texts before they are written: their bytes of UTF-8, one behind the other, how many each has, and the rows without one. */
export interface PlainTexts {
  readonly bytes: Uint8Array
  readonly lengths: Float64Array
  readonly missing: Float64Array
}

/** Symbols that half a byte can tell apart. */
const mostSymbols = 16
const perByte = 2

/** At most sixteen different characters of ASCII: half a byte says which one it is. */
export class Alphabet {
  readonly symbols: string
  /** For each byte its number; `none`: it is no symbol. */
  readonly numbers: Uint8Array

  constructor(symbols: string) {
    this.symbols = symbols
    this.numbers = Uint8Array.from({ length: 256 }, (_, byte) => {
      const number = symbols.indexOf(String.fromCharCode(byte))
      return number === -1 ? mostSymbols : number
    })
  }
}

/** Texts of which all characters are of the alphabet take half as many bytes. */
export function encodeTexts({ bytes, lengths, missing }: PlainTexts, alphabet: Alphabet): PlainColumn {
  const size = missing.length === 0 ? findSize(lengths) : undefined
  const places = size === undefined ? undefined : findPlaces(bytes, size)
  const packed = pack(size !== undefined && places ? takePlaces(bytes, size, places) : bytes, alphabet)
  if (packed === undefined) return { text: {}, arrays: [bytes, lengths, missing] }
  const { symbols } = alphabet
  if (places === undefined) return { text: { alphabet: symbols }, arrays: [packed, lengths, missing] }
  const pattern = Buffer.from(bytes.subarray(0, size)).toString()
  return { text: { alphabet: symbols, pattern, places }, arrays: [packed] }
}

/** The text of each row; null where there is none. */
export function readTexts({ text = {}, arrays }: Column): (row: number) => string | null {
  const [packed, lengths = [], missing = []] = arrays
  const { alphabet, pattern, places } = text
  const all = Buffer.from(packed as Uint8Array)
  if (pattern !== undefined && places !== undefined) {
    return (row) => fillPattern(pattern, places, unpack(all, row * places.length, places.length, alphabet ?? ''))
  }
  const without = new Set<number>(missing)
  const starts = [0]
  for (const [row, length] of lengths.entries()) starts.push((starts[row] ?? 0) + length)
  return (row) => {
    if (without.has(row)) return null
    const [start = 0, end = 0] = starts.slice(row, row + 2)
    return alphabet === undefined ? all.toString('utf8', start, end) : unpack(all, start, end - start, alphabet)
  }
}

function findSize(lengths: Float64Array): number | undefined {
  const [size = 0] = lengths
  for (let row = 1; row < lengths.length; row++) if (lengths[row] !== size) return undefined
  return size
}

/** Places at which some text differs from the first one. */
function findPlaces(bytes: Uint8Array, size: number): readonly number[] {
  const words = viewWords(bytes, size)
  const differences = words.slice(0, size / words.BYTES_PER_ELEMENT)
  const { length } = differences.fill(0)
  for (let start = 0; start < words.length; start += length) {
    for (let at = 0; at < length; at++)
      differences[at] = (differences[at] ?? 0) | ((words[start + at] ?? 0) ^ (words[at] ?? 0))
  }
  return [...new Uint8Array(differences.buffer)].flatMap((bits, place) => (bits === 0 ? [] : [place]))
}

/** Four bytes are compared at once, where that is possible. */
function viewWords({ buffer, byteOffset, length }: Uint8Array, size: number): Uint32Array | Uint8Array {
  const width = Uint32Array.BYTES_PER_ELEMENT
  return size % width === 0 && byteOffset % width === 0
    ? new Uint32Array(buffer, byteOffset, length / width)
    : new Uint8Array(buffer, byteOffset, length)
}

function takePlaces(bytes: Uint8Array, size: number, places: readonly number[]): Uint8Array {
  if (places.length === size) return bytes
  const taken = new Uint8Array(size === 0 ? 0 : (bytes.length / size) * places.length)
  let at = 0
  for (let start = 0; at < taken.length; start += size) {
    for (let index = 0; index < places.length; index++) taken[at++] = bytes[start + (places[index] ?? 0)] ?? 0
  }
  return taken
}

/** Undefined: there is something else than symbols. */
function pack(bytes: Uint8Array, { numbers }: Alphabet): Uint8Array | undefined {
  const packed = new Uint8Array(Math.ceil(bytes.length / perByte))
  let all = 0
  const whole = bytes.length - (bytes.length % perByte)
  for (let at = 0; at < whole; at += perByte) {
    const first = numbers[bytes[at] ?? 0] ?? 0
    const second = numbers[bytes[at + 1] ?? 0] ?? 0
    all |= first | second
    packed[at >> 1] = first * mostSymbols + second
  }
  if (whole < bytes.length) {
    const last = numbers[bytes[whole] ?? 0] ?? 0
    all |= last
    packed[whole >> 1] = last * mostSymbols
  }
  return all < mostSymbols ? packed : undefined
}

function unpack(packed: Uint8Array, start: number, count: number, alphabet: string): string {
  let text = ''
  for (let at = start; at < start + count; at++) {
    const byte = packed[at >> 1] ?? 0
    text += alphabet[at % perByte === 0 ? byte >> 4 : byte & 15] ?? ''
  }
  return text
}

/** Places are of bytes: there may be characters of several where all texts have the same. */
function fillPattern(pattern: string, places: readonly number[], characters: string): string {
  const filled = Buffer.from(pattern)
  for (const [index, place] of places.entries()) filled[place] = characters.charCodeAt(index)
  return filled.toString('utf8')
}
