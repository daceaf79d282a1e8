/** A string literal that is followed by a callback, as titles of tests and groups are. */
const title = /(['"`])((?:\\.|(?!\1)[^\\])*?)\1,\s*(?:async\s*)?(?:\(|\w+\s*=>)/g
/** What a test runner or a template literal fills in. */
const placeholder = /\$\{[^}]*\}|%[sdijof]|\$\w+/

/** Titles of the tests of a source file as they are written there, placeholders included. */
export function findTestTitles(source: string): readonly string[] {
  return [...withoutComments(source).matchAll(title)].map(([, , text = '']) => unescape(text))
}

/** Ways of the test runner not to run a test, to run only others, or to be content when it fails. */
const leftOut =
  /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:skip|skipIf|runIf|todo|fails|only)\b|\bx(?:it|test|describe)\(|\b(?:context|ctx)\.skip\(|\{ skip \}/

/** True when a file has tests that may not run, or need not pass. */
export function leavesTestsOut(source: string): boolean {
  return leftOut.test(withoutComments(source))
}

/** Comments that begin a line: others cannot hold a test, and what looks like one may be in a literal. */
function withoutComments(source: string): string {
  return source.replace(/^[ \t]*(?:\/\/.*|\/\*[^]*?\*\/)/gm, '')
}

/**
 * True when a file has a test of that name: written out, as the template of a table, or as the template with values that the
 * file contains. A value may itself come from a template literal of the file.
 */
export function hasTest(source: string, name: string): boolean {
  const titles = findTestTitles(source)
  if (titles.includes(name)) return true
  return titles.some(
    (each) => placeholder.test(each) && readValues(each, name)?.every((value) => occurs(source, value)),
  )
}

/** True when the text is a literal or key of the file, or results from a template literal of it with values that are. */
function occurs(source: string, text: string): boolean {
  if (isWritten(source, text)) return true
  return [...source.matchAll(/`((?:\\.|[^`\\])*\$\{[^`]*)`/g)].some(([, template = '']) =>
    readValues(template, text)?.every((value) => value !== text && isWritten(source, value)),
  )
}

function isWritten(source: string, text: string): boolean {
  const escaped = escapePattern(text)
  return new RegExp(`(['"\`])${escaped}\\1|\\b${escaped}:`).test(unescape(source))
}

/** What stands for the placeholders of a template in a name, or undefined when the name is not of this template. */
function readValues(template: string, name: string): readonly string[] | undefined {
  const literals = template.split(new RegExp(placeholder, 'g')).map(escapePattern)
  const values = new RegExp(`^${literals.join('([^]+?)')}$`).exec(name)?.slice(1)
  return values?.map((value) => value.replace(/^"(.*)"$/, '$1'))
}

function escapePattern(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')
}

function unescape(text: string): string {
  return text.replace(/\\(['"`\\])/g, '$1')
}
