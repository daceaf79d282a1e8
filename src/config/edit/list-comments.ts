import { createScanner, type SyntaxKind } from 'jsonc-parser'

/** Kinds of tokens: the library declares them and exports none of them. */
const kinds = { lineComment: 12, blockComment: 13, end: 17 } as const satisfies { [Name in string]: SyntaxKind }

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
  for (let kind = scanner.scan(); kind !== kinds.end; kind = scanner.scan()) {
    const isLine = kind === kinds.lineComment
    if (!isLine && kind !== kinds.blockComment) continue
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
