// Runs a project with its dev login, but otherwise as `sallyport start` does: JSON log lines, no watching of files.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const built = join(root, 'dist', 'gateway.js')
const { startGateway } = (await import(existsSync(built) ? built : join(root, 'src', 'gateway.ts'))) as {
  startGateway: typeof import('../src/gateway.ts').startGateway
}
const gateway = await startGateway({ projectDirectory: process.argv[2] ?? '.', mode: 'dev' })
process.once('SIGTERM', () => void gateway.close())
