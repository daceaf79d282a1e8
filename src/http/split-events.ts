const lf = 0x0a
const cr = 0x0d

/**
 * Cuts a byte stream of Server-Sent Events into whole events (HTML §9.2.6: LF, CR or CRLF line ends, a blank line ends an
 * event). Bytes are handed on as they came; an incomplete event waits for the next chunk.
 */
export class EventSplitter {
  readonly #limitBytes: number
  #rest: Buffer | undefined

  /** `limitBytes`: the largest event accepted. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Whole events completed by `chunk`, each with its closing blank line; undefined when an event exceeds the limit. */
  push(chunk: Buffer): Buffer[] | undefined {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    const events: Buffer[] = []
    let start = 0
    // A boundary may straddle the chunks by up to three bytes, so the search resumes a little before the new part.
    let from = this.#rest === undefined ? 0 : Math.max(0, this.#rest.length - 3)
    for (let end = endOfEvent(bytes, from); end !== -1; end = endOfEvent(bytes, from)) {
      if (end - start > this.#limitBytes) return undefined
      events.push(bytes.subarray(start, end))
      start = end
      from = end
    }
    this.#rest = start === bytes.length ? undefined : bytes.subarray(start)
    if (this.#rest !== undefined && this.#rest.length > this.#limitBytes) return undefined
    return events
  }

  /** What is left when the stream ends without a blank line. Lenient servers leave it out after the last event. */
  end(): Buffer | undefined {
    const rest = this.#rest
    this.#rest = undefined
    return rest
  }
}

function endOfEvent(bytes: Buffer, from: number): number {
  for (let index = nextLineEnd(bytes, from); index !== -1; index = nextLineEnd(bytes, index + 1)) {
    const next = afterLineEnd(bytes, index)
    const second = bytes[next]
    if (second === lf || second === cr) return afterLineEnd(bytes, next)
  }
  return -1
}

function nextLineEnd(bytes: Buffer, from: number): number {
  const line = bytes.indexOf(lf, from)
  // A CR only matters when it is not part of CRLF; almost no server sends one alone.
  const carriage = bytes.indexOf(cr, from)
  if (carriage === -1) return line
  return line === -1 ? carriage : Math.min(line, carriage)
}

function afterLineEnd(bytes: Buffer, index: number): number {
  return bytes[index] === cr && bytes[index + 1] === lf ? index + 2 : index + 1
}

/** The `data` of one event: its data lines joined by LF; undefined when it has none (comments, priming events). */
export function eventData(event: Buffer): Buffer | undefined {
  return singleLineData(event) ?? joinDataLines(event.toString('utf8'))
}

/** The usual forms of MCP servers, `data: …` and `event: message\ndata: …` on one line each: a view, without decoding. */
function singleLineData(event: Buffer): Buffer | undefined {
  const prefix = [messagePrefix, dataPrefix].find((each) => event.subarray(0, each.length).equals(each))
  if (prefix === undefined) return undefined
  const start = prefix.length
  const end = event.length - eventEnd.length
  const isWhole = end > start && event.indexOf(lf, start) === end && event.indexOf(cr, start) === -1
  return isWhole && event[end + 1] === lf ? event.subarray(start, end) : undefined
}

function joinDataLines(text: string): Buffer | undefined {
  const lines = text.split(/\r\n|\n|\r/)
  let found: string | undefined
  for (const marked of lines) {
    // Readers skip a byte order mark at the start of a stream (HTML §9.2.5). A lenient one may do so elsewhere, and nothing must reach it that no policy read.
    const line = marked.startsWith('\ufeff') ? marked.slice(1) : marked
    if (!line.startsWith('data')) continue
    const value = line === 'data' ? '' : line[4] === ':' ? line.slice(line[5] === ' ' ? 6 : 5) : undefined
    if (value === undefined) continue
    found = found === undefined ? value : `${found}\n${value}`
  }
  return found === undefined || found === '' ? undefined : Buffer.from(found)
}

/** The value of a field that stands for itself (`id`, `retry`); undefined when the event has none. */
export function eventField(event: Buffer, name: 'id' | 'retry'): string | undefined {
  if (!event.includes(`${name}:`)) return undefined
  const lines = event.toString('utf8').split(/\r\n|\n|\r/)
  const value = lines.findLast((line) => line.startsWith(`${name}:`))?.slice(name.length + 1)
  return value?.startsWith(' ') ? value.slice(1) : value
}

/** One `message` event that carries `json`. */
export function formatEvent(json: string | Buffer): Buffer {
  return Buffer.concat([messagePrefix, typeof json === 'string' ? Buffer.from(json) : json, eventEnd])
}

const dataPrefix = Buffer.from('data: ')
const messagePrefix = Buffer.from('event: message\ndata: ')
const eventEnd = Buffer.from('\n\n')
