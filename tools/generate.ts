// `npm run generate`: writes schemas/ and docs/reference/ from the declarations in src. With --check it only compares.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { renderReference } from './render-reference.ts'
import { renderSchemas } from './render-schemas.ts'

const root = dirname(import.meta.dirname)
const folders = ['schemas', 'docs/reference']

if (import.meta.main) {
  if (process.argv.includes('--check')) checkGenerated()
  else writeGenerated()
}

/** Writes every generated file and removes those that are no longer generated. */
export function writeGenerated(): void {
  const files = renderFiles()
  for (const [path, content] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  for (const path of existingFiles()) if (!files.has(path)) rmSync(join(root, path))
}

/** Fails when a generated file differs from what would be written now. */
function checkGenerated(): void {
  const files = renderFiles()
  const stale = [...files].filter(([path, content]) => read(path) !== content).map(([path]) => path)
  const extra = existingFiles().filter((path) => !files.has(path))
  const differing = [...stale, ...extra]
  if (differing.length === 0) return
  console.error(`These generated files are not up to date; run \`npm run generate\`:\n  ${differing.join('\n  ')}`)
  process.exitCode = 1
}

function renderFiles(): ReadonlyMap<string, string> {
  return new Map([...renderSchemas(), ...renderReference()])
}

function existingFiles(): string[] {
  return folders.flatMap((folder) => list(folder).map((name) => `${folder}/${name}`))
}

function list(folder: string): string[] {
  try {
    return readdirSync(join(root, folder))
  } catch {
    return []
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return undefined
  }
}
