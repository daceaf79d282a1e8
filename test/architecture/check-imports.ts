import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import {
  defaultAdvice,
  emptyNames,
  mayImport,
  reservedGlobals,
  reservedModules,
  roomAdvice,
  separateFolders,
  strangers,
} from './rooms.ts'
import { blankNonCode, findImports, type ImportStatement, lineAt } from './scan-source.ts'

interface SourceFile {
  /** Below src, with `/`. */
  readonly path: string
  readonly text: string
  readonly imports: readonly ImportStatement[]
}

/** Everything in a `src` folder that breaks the rules of `rooms.ts`, as messages `src/file:line: what. Why and what instead.` */
export function checkImports(sourceDirectory: string): readonly string[] {
  const files = readSources(sourceDirectory)
  return [
    ...files.flatMap(checkNames),
    ...files.flatMap((file) => file.imports.flatMap((statement) => checkImport(sourceDirectory, file, statement))),
    ...files.filter((file) => !isTest(file.path)).flatMap(checkGlobals),
    ...findCycles(files).map(describeCycle),
  ]
}

function readSources(directory: string): readonly SourceFile[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => {
      const text = readFileSync(file, 'utf8')
      return { path: file.slice(directory.length + 1).replaceAll('\\', '/'), text, imports: findImports(text) }
    })
}

const isTest = (path: string) => path.endsWith('.test.ts')
const roomOf = (path: string) => path.split('/', 1)[0] ?? ''
const isIn = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`)

function checkImport(directory: string, file: SourceFile, { specifier, line }: ImportStatement): readonly string[] {
  const where = `src/${file.path}:${line}`
  if (!specifier.startsWith('.')) return isTest(file.path) ? [] : checkModule(where, file.path, specifier)
  const target = posix.normalize(posix.join(posix.dirname(file.path), specifier))
  if (!existsSync(join(directory, target))) {
    return [`${where}: imports ${specifier}, which is not a file. Write the path with its .ts extension.`]
  }
  if (isTest(target))
    return [
      `${where}: imports the test src/${target}. Move what is needed to a file of its own; nothing imports a test.`,
    ]
  if (isTest(file.path)) return []
  if (target.startsWith('..')) {
    return target.endsWith('.json')
      ? []
      : [`${where}: imports ${target}, outside src. What runs in the gateway lives in src.`]
  }
  return checkRooms(where, file.path, target)
}

function checkRooms(where: string, path: string, target: string): readonly string[] {
  const [room, targetRoom] = [roomOf(path), roomOf(target)]
  const allowed = mayImport[room]
  if (!allowed) {
    return [
      `${where}: "${room}" is not a room of the house. Put the file into the room it belongs to, or add the room to rooms.ts.`,
    ]
  }
  if (room !== targetRoom && !allowed.includes(targetRoom)) {
    const list = allowed.length === 0 ? 'nothing' : allowed.join(', ')
    return [
      `${where}: ${room} must not import src/${target}; it may import ${list}. ${roomAdvice[room] ?? defaultAdvice}`,
    ]
  }
  for (const { left, right, why } of strangers) {
    if ((isIn(path, left) && isIn(target, right)) || (isIn(path, right) && isIn(target, left))) {
      return [`${where}: ${left} and ${right} never import each other (src/${target}). ${why}`]
    }
  }
  const separate = separateFolders[room]
  if (separate && room === targetRoom && isInFolder(path) && folderOf(path) !== folderOf(target)) {
    return [`${where}: ${folderOf(path)} must not import src/${target}. ${separate}`]
  }
  return []
}

const isInFolder = (path: string) => path.split('/').length > 2
const folderOf = (path: string) => path.split('/').slice(0, 2).join('/')

function checkModule(where: string, path: string, specifier: string): readonly string[] {
  return reservedModules
    .filter(({ module, places }) => module.test(specifier) && !places.some((place) => path.startsWith(place)))
    .map(({ places, why }) => `${where}: ${specifier} may be imported only in ${places.join(', ')}. ${why}`)
}

function checkGlobals(file: SourceFile): readonly string[] {
  const code = blankNonCode(file.text)
  return reservedGlobals
    .filter(({ places }) => !places.some((place) => file.path.startsWith(place)))
    .flatMap(({ name, code: pattern, places, why }) =>
      [...code.matchAll(pattern)]
        .filter((match) => !isDefinition(code, match.index + match[0].length))
        .map((match) => {
          const rule = places.length === 0 ? 'is forbidden' : `is allowed only in ${places.join(', ')}`
          return `src/${file.path}:${lineAt(file.text, match.index)}: ${name} ${rule}. ${why}`
        }),
    )
}

/** `name(…) {` or `name(…): Type {` defines a method of that name; it calls nothing. */
function isDefinition(code: string, afterParenthesis: number): boolean {
  if (code.charAt(afterParenthesis - 1) !== '(') return false
  let depth = 1
  let at = afterParenthesis
  for (; at < code.length && depth > 0; at++) depth += { '(': 1, ')': -1 }[code.charAt(at)] ?? 0
  return /^\s*(?::[^=;{}()]*)?\{/.test(code.slice(at, at + 200))
}

function checkNames(file: SourceFile): readonly string[] {
  return file.path
    .split('/')
    .map((segment) => segment.split('.', 1)[0] ?? '')
    .filter((name) => emptyNames.whole.has(name) || emptyNames.lastWord.has(name.split('-').at(-1) ?? ''))
    .map(
      (name) =>
        `src/${file.path}:1: "${name}" says nothing about what is inside. Name the thing itself, in the words of its RFC or of MCP.`,
    )
}

/** One cycle for every group of files that import each other in a circle, types included: even an erased circle hides who is above whom. */
function findCycles(files: readonly SourceFile[]): readonly (readonly string[])[] {
  const known = new Set(files.map((file) => file.path))
  const targets = new Map(
    files.map((file) => [
      file.path,
      file.imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => posix.normalize(posix.join(dirname(file.path), specifier)))
        .filter((target) => known.has(target)),
    ]),
  )
  const cycles: string[][] = []
  const finished = new Set<string>()
  const trail: string[] = []
  const visit = (path: string) => {
    const start = trail.indexOf(path)
    if (start !== -1) cycles.push([...trail.slice(start), path])
    if (start !== -1 || finished.has(path)) return
    trail.push(path)
    for (const target of targets.get(path) ?? []) visit(target)
    trail.pop()
    finished.add(path)
  }
  for (const file of files) visit(file.path)
  return cycles
}

function describeCycle(cycle: readonly string[]): string {
  const way = cycle.map((path) => `src/${path}`).join(' → ')
  return `src/${cycle[0]}:1: files import each other in a circle: ${way}. Move what both need to a third file below them.`
}
