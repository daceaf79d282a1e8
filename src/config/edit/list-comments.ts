import { createScanner, type SyntaxKind } from 'jsonc-parser'

// Numbers of the scanner: its enumeration is not there at run time for code that keeps types out.
const lineComment: SyntaxKind = 12
const blockComment: SyntaxKind = 13
const endOfFile: SyntaxKind = 17

/** What a comment says, without its signs and the blanks around it. Offsets count UTF-16 units. */
export interface Comment {
  readonly text: string
  readonly offset: number
  readonly length: number
}

/** Every comment of a file, in the order of the file. Of JSON each line of `//` is one; also in files that are broken. */
export async function listComments(file: string, text: string): Promise<readonly Comment[]> {
  return /\.ya?ml$/.test(file) ? listYamlComments(text) : listJsonComments(text)
}

function listJsonComments(text: string): Comment[] {
  const found: Comment[] = []
  const scanner = createScanner(text, false)
  for (let kind = scanner.scan(); kind !== endOfFile; kind = scanner.scan()) {
    const isLine = kind === lineComment
    if (!isLine && kind !== blockComment) continue
    const source = text.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength())
    found.push(...trimComment(source, scanner.getTokenOffset(), isLine ? /^\/\/+/ : /^\/\*+|\*+\/$/g))
  }
  return found
}

async function listYamlComments(text: string): Promise<Comment[]> {
  const { Lexer } = await import('yaml')
  const found: Comment[] = []
  let offset = 0
  let isScalar = false
  for (const source of new Lexer().lex(text)) {
    // The lexer also yields signs of its own, which stand in no text. This one says that a scalar follows.
    if (!text.startsWith(source, offset)) {
      isScalar = source === '\u001F'
      continue
    }
    if (source.startsWith('#') && !isScalar) found.push(...trimComment(source, offset, /^#+/))
    isScalar = false
    offset += source.length
  }
  return found
}

function trimComment(source: string, offset: number, signs: RegExp): Comment[] {
  const bare = source.replace(signs, (sign) => ' '.repeat(sign.length))
  const text = bare.trim()
  return text === '' ? [] : [{ text, offset: offset + bare.indexOf(text), length: text.length }]
}
