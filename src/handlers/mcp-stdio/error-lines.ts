import type { Readable } from 'node:stream'
import type { Logger } from '../../contracts/logger.ts'

const longestLine = 2_000
// A secret that stands across the end of what is shown is still found whole.
const longestSecret = 4_096
const keptLines = 10
const mostLinesPerSecond = 100

/**
 * What a program writes to standard error: each line to the log at `debug`, the last ones kept for the day it crashes. Values of its
 * environment are taken out, whole lines are cut, and a flood is counted instead of logged.
 */
export class ErrorLines {
  readonly #log: Logger
  readonly #fields: object
  readonly #secrets: readonly string[]
  #kept: string[] = []
  #rest = ''
  #isCutting = false
  #secondStartedMs = 0
  #linesThisSecond = 0
  #leftOut = 0

  constructor(source: Readable, log: Logger, fields: object, secrets: readonly string[]) {
    this.#log = log
    this.#fields = fields
    this.#secrets = secrets.toSorted((left, right) => right.length - left.length)
    source.setEncoding('utf8')
    source.on('data', (chunk: string) => this.#take(chunk))
    source.once('end', () => this.#takeLine(this.#rest))
  }

  /** The last lines, for the log and the event; never for a caller. */
  get last(): string {
    return this.#kept.join('\n')
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#takeLine(line)
    if (this.#rest.length <= longestLine + longestSecret) return
    this.#takeLine(this.#rest)
    this.#rest = ''
    this.#isCutting = true
  }

  #takeLine(line: string): void {
    // The end of a line whose beginning was too long already.
    if (this.#isCutting) {
      this.#isCutting = false
      return
    }
    const text = this.#scrub(line.trimEnd())
    if (text === '') return
    this.#kept.push(text)
    if (this.#kept.length > keptLines) this.#kept.shift()
    if (this.#mayLog()) this.#log.debug({ ...this.#fields, line: text }, 'stdio server wrote to stderr')
  }

  #scrub(line: string): string {
    let text = line
    for (const secret of this.#secrets) text = text.replaceAll(secret, '[secret]')
    return text.slice(0, longestLine)
  }

  #mayLog(): boolean {
    const nowMs = performance.now()
    if (nowMs - this.#secondStartedMs >= 1_000) {
      if (this.#leftOut > 0) this.#log.debug({ ...this.#fields, lines: this.#leftOut }, 'lines of stderr were left out')
      this.#secondStartedMs = nowMs
      this.#linesThisSecond = 0
      this.#leftOut = 0
    }
    if (this.#linesThisSecond++ < mostLinesPerSecond) return true
    this.#leftOut++
    return false
  }
}
