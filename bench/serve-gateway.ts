// Runs a project with its dev login, but otherwise as `sallyport start` does: JSON log lines, no watching of files.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const isBuilt = existsSync(join(root, 'dist', 'gateway.js'))
const load = (name: string): Promise<unknown> => import(join(root, isBuilt ? `dist/${name}.js` : `src/${name}.ts`))
const { startGateway } = (await load('gateway')) as typeof import('../src/gateway.ts')
const { releaseStartMemory } = (await load(
  'cli/release-start-memory',
)) as typeof import('../src/cli/release-start-memory.ts')
const gateway = await startGateway({ projectDirectory: process.argv[2] ?? '.', mode: 'dev' })
releaseStartMemory()
process.once('SIGTERM', () => void gateway.close())
