// Builds console/ to dist/console. By itself (`npm start`, `npm run dev`) only when the build is missing or older than its sources.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)
const built = join(root, 'dist/console')
const vite = join(root, 'node_modules/vite/bin/vite.js')

/** What goes into the build, besides the packages that the lockfile names. */
const sources = ['console/**/*', 'src/lib/{design-tokens,steps}.ts', 'src/errors/reasons.ts', 'package-lock.json']

if (import.meta.main) ensureConsole()

/** Builds the console if its build is missing or older than its sources. Throws when it does not build. */
export function ensureConsole(): void {
  if (builtAtMs() >= newestSourceMs()) return
  if (!existsSync(vite)) return console.log('The console is not built: that needs the development packages (npm ci).')
  console.log('Building the console (only when its sources changed) …')
  const startedAt = performance.now()
  buildConsole()
  console.log(`Built in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`)
}

/** Builds the console. It is moved into place when it is whole, so that a gateway that runs never serves half of it. */
export function buildConsole(): void {
  const unfinished = join(root, `dist/.console-${process.pid}`)
  const args = ['build', join(root, 'console'), '--outDir', unfinished, '--logLevel', 'warn']
  const { status, error } = spawnSync(process.execPath, [vite, ...args], {
    cwd: root,
    stdio: 'inherit',
    // A test runner says something else, and React would come with its checks of development.
    env: { ...process.env, NODE_ENV: 'production' },
  })
  if (error) throw error
  if (status !== 0) {
    rmSync(unfinished, { recursive: true, force: true })
    throw new Error(`the console does not build: vite ended with ${status}`)
  }
  rmSync(built, { recursive: true, force: true })
  renameSync(unfinished, built)
}

function builtAtMs(): number {
  const page = join(built, 'index.html')
  return existsSync(page) ? statSync(page).mtimeMs : 0
}

function newestSourceMs(): number {
  const files = globSync(sources, { cwd: root })
  return Math.max(...files.map((path) => statSync(join(root, path)).mtimeMs))
}
