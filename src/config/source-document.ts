import type { JsonPath } from './json-path.ts'
import type { Position } from './project.ts'

/** Something wrong with the text itself. Offsets count UTF-16 units from 0. */
export interface SyntaxProblem {
  readonly offset: number
  readonly path: JsonPath
  readonly message: string
}

/** What a parser of one format yields: the value, and where each part of it stands in the text. */
export interface ParsedText {
  readonly value: unknown
  readonly problems: readonly SyntaxProblem[]
  /** Offset of the value at `path`, or of its property key; undefined when the path leads nowhere. */
  offsetOf(path: JsonPath, of: 'key' | 'value'): number | undefined
}

/** One project file, parsed, with the position of everything in it. */
export interface SourceDocument {
  /** Relative to the project directory. */
  readonly file: string
  /** The parsed value; undefined when the file is missing or its syntax is broken. */
  readonly value: unknown
  /** Where the value at `path`, or its property key, stands. Where the path leads nowhere: its nearest ancestor. */
  locate(path: JsonPath, of?: 'key' | 'value'): Position
}

/** A document over parsed text. */
export function newSourceDocument(file: string, text: string, parsed: ParsedText): SourceDocument {
  const toPosition = lineFinder(text)
  return {
    file,
    value: parsed.problems.length > 0 ? undefined : parsed.value,
    locate(path, of = 'value') {
      for (let length = path.length; length >= 0; length--) {
        const offset = parsed.offsetOf(path.slice(0, length), length === path.length ? of : 'value')
        if (offset !== undefined) return { file, ...toPosition(offset) }
      }
      return { file, line: 1, column: 1 }
    },
  }
}

/** Stands in for a file that could not be read or parsed at all. */
export function emptyDocument(file: string): SourceDocument {
  return { file, value: undefined, locate: () => ({ file, line: 1, column: 1 }) }
}

/** A function from offset to line and column in `text`, both from 1. */
export function lineFinder(text: string): (offset: number) => { line: number; column: number } {
  let starts: number[] | undefined
  return (offset) => {
    starts ??= lineStarts(text)
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) starts.push(index + 1)
  return starts
}
