import { GatewayError } from '../../errors/gateway-error.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { GuardedProcess } from './guarded-process.ts'
import { LineSplitter } from './line-splitter.ts'

// More than this waits only for a program that does not read.
const mostWaitingBytes = 16 * 1024 * 1024

/** Takes what comes from a program. */
export interface LinkReader {
  /** One JSON-RPC message. */
  onMessage(message: JsonObject): void
  /** A line that is no JSON-RPC message: some programs print greetings. */
  onNoise(bytes: number): void
  /** The program broke the rules of the transport; nothing comes after this. */
  onBroken(error: GatewayError): void
}

/** JSON-RPC over the input and output of a program: one message, one line (MCP §stdio). */
export class StdioLink {
  readonly #process: GuardedProcess
  readonly #reader: LinkReader
  readonly #lines: LineSplitter

  constructor(process: GuardedProcess, lineBytes: number, reader: LinkReader) {
    this.#process = process
    this.#reader = reader
    this.#lines = new LineSplitter(lineBytes)
    process.output.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  /** Sends one message; false when the program has not read those before it. */
  send(message: JsonObject): boolean {
    const { input } = this.#process
    if (!input.writable || input.writableLength > mostWaitingBytes) return false
    input.write(formatLine(message))
    return true
  }

  #take(chunk: Buffer): void {
    const lines = this.#lines.push(chunk)
    if (lines === undefined) {
      this.#process.output.removeAllListeners('data').resume()
      const detail = 'the program sent a line that is longer than limits.responseBytes'
      this.#reader.onBroken(new GatewayError('limit_response_exceeded', { detail }))
      return
    }
    for (const line of lines) this.#read(line)
  }

  #read(line: Buffer): void {
    const sent = parseJson(line)
    // 2025-03-26 may send several at once.
    for (const message of Array.isArray(sent) ? sent : [sent]) {
      if (isJsonObject(message) && message.jsonrpc === '2.0') this.#reader.onMessage(message)
      else if (line.length > 0) this.#reader.onNoise(line.length)
    }
  }
}

/**
 * One line. JSON has no line ends of ASCII in it; those of Unicode it may have, and some readers of lines (Node's among them) end a line
 * there: what follows in the text of a client would be a message of its own.
 */
function formatLine(message: JsonObject): string {
  return `${JSON.stringify(message).replace(unicodeLineEnds, escapeCharacter)}\n`
}

const unicodeLineEnds = /[\u0085\u2028\u2029]/g

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function parseJson(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    return undefined
  }
}
