import { Alphabet } from '../columns/text-column.ts'
import { eventColumns } from '../event-columns.ts'
import { equalFields } from '../event-filter.ts'

/** Which half of a block a column is in: what filters and questions read, or what is only read of events that are shown. */
export type BlockHalf = 'facts' | 'details'

/**
 * How a column is kept. `field`: values that many events share, each once, and for each event which one. `number`: one for each event. `text`: one for
 * each event, and hardly two are the same.
 */
export type BlockColumnKind = 'field' | 'number' | 'text'

export interface BlockColumn {
  readonly name: string
  readonly kind: BlockColumnKind
  readonly half: BlockHalf
  readonly isBoolean: boolean
  /** Of a text: the characters it is of, as a rule. */
  readonly alphabet: Alphabet | undefined
}

const numbers: readonly string[] = ['time', 'latencyMs', 'upstreamMs', 'bytesIn', 'bytesOut', 'resultTokens']
const hexadecimal = new Alphabet('0123456789abcdef')
/** Texts, and the characters that they are of. */
const texts: { readonly [name: string]: Alphabet } = {
  id: hexadecimal,
  requestId: hexadecimal,
  traceId: hexadecimal,
  stepMs: new Alphabet('0123456789. '),
}

/** The columns of a block, in the order of the declaration of an event. */
export const blockColumns: readonly BlockColumn[] = eventColumns.map(({ name, isBoolean }) => {
  const kind = kindOf(name)
  const isFact = kind === 'number' || equalFields.some((field) => field === name)
  return { name, kind, half: isFact ? 'facts' : 'details', isBoolean, alphabet: texts[name] }
})

function kindOf(name: string): BlockColumnKind {
  if (numbers.includes(name)) return 'number'
  return texts[name] ? 'text' : 'field'
}
