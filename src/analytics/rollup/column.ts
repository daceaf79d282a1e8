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

/**
 * A column of a part. A field: its distinct values, and one array with the place of each row's value among them. A number: one array. A histogram:
 * three arrays, of where the buckets of a row end, of the buckets, and of how often each.
 */
export interface Column {
  readonly values?: readonly FieldValue[] | undefined
  readonly arrays: readonly NumberArray[]
}

interface Header {
  readonly values?: readonly FieldValue[] | undefined
  readonly arrays: readonly ArrayHeader[]
}

/** Numbers of a column as they are written: little-endian, as all platforms of Node.js are. */
export function encodeColumn(
  values: readonly FieldValue[] | undefined,
  arrays: readonly ArrayLike<number>[],
): Uint8Array {
  const headers = arrays.map(describeArray)
  const header = Buffer.from(JSON.stringify({ values, arrays: headers } satisfies Header))
  const start = align(4 + header.length)
  const buffer = new ArrayBuffer(start + headers.reduce((sum, each) => sum + measureArray(each), 0))
  const bytes = new Uint8Array(buffer)
  new DataView(buffer).setUint32(0, header.length, true)
  bytes.set(header, 4)
  let offset = start
  for (const [index, array] of arrays.entries()) {
    const described = headers[index]
    if (!described) continue
    writeArray(described, array, buffer, offset)
    offset += measureArray(described)
  }
  return bytes
}

/** The column in bytes that `encodeColumn` wrote. */
export function decodeColumn(bytes: Uint8Array): Column {
  const { buffer } = bytes.byteOffset % 8 === 0 && bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes)
  const base = bytes.byteOffset % 8 === 0 && bytes.buffer instanceof ArrayBuffer ? bytes.byteOffset : 0
  const source = buffer as ArrayBuffer
  const length = new DataView(source, base).getUint32(0, true)
  const header = JSON.parse(Buffer.from(source, base + 4, length).toString()) as Header
  let offset = base + align(4 + length)
  const arrays = header.arrays.map((described) => {
    const array = readArray(described, source, offset)
    offset += measureArray(described)
    return array
  })
  return { values: header.values, arrays }
}

const align = (offset: number) => Math.ceil(offset / 8) * 8
