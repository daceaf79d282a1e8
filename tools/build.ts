// `npm run build`: compiles src to dist and puts beside it what the published package needs.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, globSync, rmSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { buildConsole } from './build-console.ts'
import { writeGenerated } from './generate.ts'

const root = dirname(import.meta.dirname)
const startedAt = performance.now()

for (const folder of ['dist', 'templates']) rmSync(join(root, folder), { recursive: true, force: true })
run('tsc', '-p', 'tsconfig.build.json')
for (const file of globSync('src/**/*.*', { cwd: root })) {
  // Pages, styles and the like; sources were compiled.
  if (extname(file) !== '.ts') cpSync(join(root, file), join(root, file.replace(/^src/, 'dist')), { recursive: true })
}
cpSync(join(root, 'examples/01-quickstart/config'), join(root, 'templates/quickstart/config'), { recursive: true })
cpSync(join(root, 'examples/01-quickstart/upstream'), join(root, 'templates/quickstart/upstream'), {
  recursive: true,
  filter: (path) => !path.endsWith('.test.ts'),
})
writeGenerated()
buildConsole()
chmodSync(join(root, 'bin/sallyport.js'), 0o755)
console.log(`built in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)

function run(command: string, ...args: string[]): void {
  const path = join(root, 'node_modules', '.bin', command)
  const { status, error } = spawnSync(path, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}
