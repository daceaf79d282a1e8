const lineFeed = 0x0a

/** Splits a byte stream into the lines that end with LF, as the stdio transport of MCP has them. A CR before it stays. */
export class LineSplitter {
  readonly #limitBytes: number
  #parts: Buffer[] = []
  #waitingBytes = 0

  /** `limitBytes`: the longest line. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** The lines that this chunk completes; undefined when one is too long, after which nothing more may be pushed. */
  push(chunk: Buffer): Buffer[] | undefined {
    const lines: Buffer[] = []
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      const line = this.#complete(chunk.subarray(start, end))
      if (line.length > this.#limitBytes) return undefined
      lines.push(line)
      start = end + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
    return this.#waitingBytes > this.#limitBytes ? undefined : lines
  }

  #keep(part: Buffer): void {
    this.#parts.push(part)
    this.#waitingBytes += part.length
  }

  #complete(last: Buffer): Buffer {
    if (this.#parts.length === 0) return last
    const line = Buffer.concat([...this.#parts, last])
    this.#parts = []
    this.#waitingBytes = 0
    return line
  }
}
