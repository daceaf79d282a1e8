import {
  type ArrayHeader,
  describeArray,
  measureArray,
  type NumberArray,
  readArray,
  writeArray,
} from './number-array.ts'

/** A value of a field by which events are grouped. */
export type FieldValue = string | number | null

/** How texts are written; without members as bytes of UTF-8, one behind the other. */
export interface TextHeader {
  /** Its place in it, half a byte, stands for each character. */
  readonly alphabet?: string
  /** Where all texts have one length, and most of them is the same: one of them, and the places where others differ from it. */
  readonly pattern?: string
  readonly places?: readonly number[]
}

/**
 * Something of many rows. A field: its distinct values, and one array with the place of each row's value among them. A number: one array. A
 * histogram: three arrays, of where the buckets of a row end, of the buckets, and of how often each. Texts: see text-column.ts.
 */
export interface Column {
  readonly values?: readonly FieldValue[] | undefined
  readonly text?: TextHeader | undefined
  readonly arrays: readonly NumberArray[]
}

/** A column before it is written: numbers that are not negative are written as narrow as they are. */
export interface PlainColumn {
  readonly values?: readonly FieldValue[] | undefined
  readonly text?: TextHeader | undefined
  readonly arrays: readonly ArrayLike<number>[]
}

interface ColumnHeader {
  readonly values?: readonly FieldValue[] | undefined
  readonly text?: TextHeader | undefined
  readonly arrays: readonly ArrayHeader[]
}

/** One column as bytes. */
export function encodeColumn(
  values: readonly FieldValue[] | undefined,
  arrays: readonly ArrayLike<number>[],
): Uint8Array {
  const headers = arrays.map(describeArray)
  return pack({ values, arrays: headers } satisfies ColumnHeader, headers, arrays)
}

/** The column in bytes that `encodeColumn` wrote. */
export function decodeColumn(bytes: Uint8Array): Column {
  const { header, read } = unpack(bytes)
  const { values, arrays } = header as ColumnHeader
  return { values, arrays: arrays.map(read) }
}

/** Several columns, by name, as bytes. */
export function encodeColumns(columns: ReadonlyMap<string, PlainColumn>): Uint8Array {
  const described: { [name: string]: ColumnHeader } = {}
  const headers: ArrayHeader[] = []
  const all: ArrayLike<number>[] = []
  for (const [name, { values, text, arrays }] of columns) {
    const own = arrays.map(describeArray)
    described[name] = { values, text, arrays: own }
    headers.push(...own)
    all.push(...arrays)
  }
  return pack(described, headers, all)
}

/** The columns in bytes that `encodeColumns` wrote. */
export function decodeColumns(bytes: Uint8Array): ReadonlyMap<string, Column> {
  const { header, read } = unpack(bytes)
  const columns = new Map<string, Column>()
  for (const [name, { values, text, arrays }] of Object.entries(header as { [name: string]: ColumnHeader })) {
    columns.set(name, { values, text, arrays: arrays.map(read) })
  }
  return columns
}

/** A header in JSON after its length, and the arrays it describes. Little-endian, as all platforms of Node.js are. */
function pack(header: object, headers: readonly ArrayHeader[], arrays: readonly ArrayLike<number>[]): Uint8Array {
  const text = JSON.stringify(header)
  const length = Buffer.byteLength(text)
  const start = align(4 + length)
  const bytes = Buffer.alloc(start + headers.reduce((sum, each) => sum + measureArray(each), 0))
  bytes.writeUInt32LE(length)
  bytes.write(text, 4)
  let offset = start
  for (const [index, array] of arrays.entries()) {
    const described = headers[index]
    if (!described) continue
    writeArray(described, array, bytes.buffer, offset)
    offset += measureArray(described)
  }
  return bytes
}

/** The header, and a function that reads the arrays it describes, in their order. */
function unpack(packed: Uint8Array): { readonly header: unknown; readonly read: (array: ArrayHeader) => NumberArray } {
  const isAligned = packed.byteOffset % 8 === 0 && packed.buffer instanceof ArrayBuffer
  const bytes = isAligned ? packed : new Uint8Array(packed)
  const source = bytes.buffer as ArrayBuffer
  const length = new DataView(source, bytes.byteOffset).getUint32(0, true)
  let offset = bytes.byteOffset + align(4 + length)
  const read = (array: ArrayHeader) => {
    const numbers = readArray(array, source, offset)
    offset += measureArray(array)
    return numbers
  }
  return { header: JSON.parse(Buffer.from(source, bytes.byteOffset + 4, length).toString()), read }
}

const align = (offset: number) => Math.ceil(offset / 8) * 8
