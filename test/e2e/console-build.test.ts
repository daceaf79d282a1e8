import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, expect, it } from 'vitest'
import { ensureConsole } from '../../tools/build-console.ts'

// What a browser loads before it shows the first screen, measured on the build itself.
const built = join(import.meta.dirname, '../../dist/console')
const overview = 'src/screens/overview/overview-screen.tsx'

/** One entry of Vite's manifest. */
interface Chunk {
  readonly file: string
  readonly imports?: readonly string[]
  readonly dynamicImports?: readonly string[]
  readonly css?: readonly string[]
}

let manifest: { readonly [name: string]: Chunk }

beforeAll(() => {
  ensureConsole()
  manifest = JSON.parse(readFileSync(join(built, 'manifest.json'), 'utf8')) as typeof manifest
})

it('the first screen is at most 400 KiB with gzip', () => {
  const files = new Set([...listFiles('index.html'), ...listFiles(overview)])
  const sizes = [...files].map((file) => gzipSync(readFileSync(join(built, file))).length)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  expect(files.size).toBeGreaterThan(3)
  expect(total / 1024).toBeLessThanOrEqual(400)
})

it('charts and editor are loaded when they are first shown', () => {
  const first = new Set([...listNames('index.html'), ...listNames(overview)])
  for (const later of [
    'src/screens/overview/charts/outcomes-chart.tsx',
    'src/screens/overview/charts/latency-chart.tsx',
    'src/parts/editor/text-editor.tsx',
  ]) {
    expect(Object.keys(manifest)).toContain(later)
    expect(first).not.toContain(later)
  }
  const sources = [...first].map((name) => readFileSync(join(built, chunkOf(name).file), 'utf8'))
  expect(sources.some((source) => source.includes('recharts-'))).toBe(false)
  expect(sources.some((source) => source.includes('cm-editor'))).toBe(false)
})

it('no file asks for anything from another origin', () => {
  const page = readFileSync(join(built, 'index.html'), 'utf8')
  expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
  const styles = Object.values(manifest).flatMap(({ css = [] }) => css)
  for (const style of new Set(styles)) {
    expect(readFileSync(join(built, style), 'utf8')).not.toMatch(/url\(\s*["']?(?:https?:)?\/\//)
  }
})

function chunkOf(name: string): Chunk {
  const chunk = manifest[name]
  if (!chunk) throw new Error(`the build has no ${name}`)
  return chunk
}

/** The chunk and those that it cannot do without. */
function listNames(name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen
  seen.add(name)
  for (const needed of chunkOf(name).imports ?? []) listNames(needed, seen)
  return seen
}

function listFiles(name: string): string[] {
  return [...listNames(name)].flatMap((each) => [chunkOf(each).file, ...(chunkOf(each).css ?? [])])
}
