import { eventColumns } from '../event-columns.ts'
import { equalFields } from '../event-filter.ts'

/** Which half of a block a column is in: what filters and questions read, or what is only read of events that are shown. */
export type BlockHalf = 'facts' | 'details'

/**
 * How a column is kept. `field`: values that many events share, each once, and for each event which one. `number`: one for each event. `text`: one for
 * each event, and hardly two are the same.
 */
export type BlockColumnKind = 'field' | 'number' | 'text'

/** Characters of an identifier, hexadecimal digits. */
export const identifierDigits = 32

export interface BlockColumn {
  readonly name: string
  readonly kind: BlockColumnKind
  readonly half: BlockHalf
  readonly isBoolean: boolean
}

const numbers: readonly string[] = ['time', 'latencyMs', 'upstreamMs', 'bytesIn', 'bytesOut', 'resultTokens']
const texts: readonly string[] = ['id', 'requestId', 'traceId', 'stepMs']

/** The columns of a block, in the order of the declaration of an event. */
export const blockColumns: readonly BlockColumn[] = eventColumns.map(({ name, isBoolean }) => {
  const kind = kindOf(name)
  const isFact = kind === 'number' || equalFields.some((field) => field === name)
  return { name, kind, half: isFact ? 'facts' : 'details', isBoolean }
})

function kindOf(name: string): BlockColumnKind {
  if (numbers.includes(name)) return 'number'
  return texts.includes(name) ? 'text' : 'field'
}
