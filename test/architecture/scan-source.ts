/** One import of a file: `import`, `export … from`, `import()` and `import type`, with a literal specifier. */
export interface ImportStatement {
  readonly specifier: string
  /** Counts from 1. */
  readonly line: number
}

/** The text with comments, and the contents of strings, templates and regular expressions, replaced by blanks of equal length. */
export function blankNonCode(text: string): string {
  const blanked: string[] = []
  // Depth of braces at which each open `${` of a template closes.
  const templates: number[] = []
  let depth = 0
  let lastCode = ''
  const copy = (until: number) => {
    for (; at < until; at++) blanked.push(text.charAt(at))
  }
  const blank = (until: number) => {
    for (; at < until; at++) blanked.push(text.charAt(at) === '\n' ? '\n' : ' ')
  }
  let at = 0
  const readTemplate = () => {
    const end = endOf(text, at, /\\[\s\S]|`|\$\{/g, (found) => !found.startsWith('\\'))
    const closing = text.startsWith('`', end)
    blank(end)
    copy(Math.min(text.length, end + (closing ? 1 : 2)))
    if (!closing) templates.push(depth++)
    lastCode = closing ? '`' : '{'
  }
  while (at < text.length) {
    const character = text.charAt(at)
    const pair = text.slice(at, at + 2)
    if (pair === '//') blank(indexOrEnd(text, '\n', at))
    else if (pair === '/*') blank(Math.min(text.length, indexOrEnd(text, '*/', at + 2) + 2))
    else if (character === "'" || character === '"') {
      copy(at + 1)
      blank(endOf(text, at, /\\[\s\S]|['"\n]/g, (found) => found === character || found === '\n'))
      copy(at + 1)
      lastCode = character
    } else if (character === '`') {
      copy(at + 1)
      readTemplate()
    } else if (character === '/' && startsRegularExpression(blanked, lastCode)) {
      copy(at + 1)
      blank(endOf(text, at, /\\.|\[(?:\\.|[^\]\\\n])*\]|[/\n]/g, (found) => found === '/' || found === '\n'))
      copy(at + 1)
      lastCode = ')'
    } else {
      if (character === '{') depth++
      if (character === '}' && templates.at(-1) === --depth) {
        templates.pop()
        copy(at + 1)
        readTemplate()
        continue
      }
      if (character.trim() !== '') lastCode = character
      copy(at + 1)
    }
  }
  return blanked.join('')
}

/** Every import with a literal specifier, in the order of the text. */
export function findImports(text: string): readonly ImportStatement[] {
  const code = blankNonCode(text)
  const quotes = /\b(?:import|export)\b[\w$*\s{},]*?\bfrom\s*(?=['"])|\bimport\s*(?=['"])|\bimport\s*\(\s*(?=['"`])/g
  return [...code.matchAll(quotes)].map((match) => {
    const start = match.index + match[0].length
    const end = code.indexOf(code.charAt(start), start + 1)
    return { specifier: text.slice(start + 1, end), line: lineAt(text, match.index) }
  })
}

/** The line of an offset, counted from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

function startsRegularExpression(blanked: readonly string[], lastCode: string): boolean {
  if (lastCode === '' || '(,=:[!&|?{};+-*%~^<>'.includes(lastCode)) return true
  return /\b(?:return|typeof|case|in|of|delete|void|throw|await|yield)\s*$/.test(blanked.slice(-12).join(''))
}

function indexOrEnd(text: string, searched: string, from: number): number {
  const found = text.indexOf(searched, from)
  return found === -1 ? text.length : found
}

/** Where the first token that `ends` accepts begins; tokens it does not accept are stepped over whole. */
function endOf(text: string, from: number, tokens: RegExp, ends: (token: string) => boolean): number {
  tokens.lastIndex = from
  for (let match = tokens.exec(text); match; match = tokens.exec(text)) {
    if (ends(match[0])) return match.index
  }
  return text.length
}
