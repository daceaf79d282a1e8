import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

// What people install: built in a copy of the checkout, then only the files that are published.
const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
let workshop: string
let installed: string

beforeAll(async () => {
  workshop = await mkdtemp(join(tmpdir(), 'sallyport-build-'))
  installed = await mkdtemp(join(tmpdir(), 'sallyport-installed-'))
  for (const entry of [
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'bin',
    'catalog',
    'console',
    'src',
    'tools',
    'schemas',
    'examples',
  ]) {
    await cp(join(root, entry), join(workshop, entry), { recursive: true })
  }
  for (const directory of [workshop, installed])
    await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  await run(process.execPath, ['tools/build.ts'], { cwd: workshop })
  const { files } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { files: string[] }
  for (const entry of ['package.json', ...files])
    await cp(join(workshop, entry), join(installed, entry), { recursive: true })
})

afterAll(async () => {
  for (const directory of [workshop, installed]) await rm(directory, { recursive: true, force: true })
})

function sallyport(...args: string[]) {
  return run(process.execPath, [join(installed, 'bin/sallyport.js'), ...args], { cwd: installed })
}

it('has no sources and runs', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  expect((await sallyport('--version')).stdout.trim()).toBe(version)
})

it('writes a project, with the demo in it, that passes its own check', async () => {
  await sallyport('init', 'demo', '--yes')
  expect(await readFile(join(installed, 'demo/upstream/tracker.ts'), 'utf8')).toContain('export')
  expect((await sallyport('check', 'demo')).stdout).toMatch(/no problems|ok/i)
})

it('has the catalogue, from which upstreams are added', async () => {
  await sallyport('init', 'curated', '--yes')
  expect((await sallyport('catalog', 'list')).stdout).toMatch(/^linear +Linear /m)
  expect((await sallyport('add', 'linear', 'curated')).stdout).toContain('added Linear as /mcp/linear')
  expect((await sallyport('check', 'curated')).stdout).toMatch(/no problems|ok/i)
})

it('has the console, built', async () => {
  const page = await readFile(join(installed, 'dist/console/index.html'), 'utf8')
  const [, script = ''] = /src="\/console\/(assets\/[^"]+\.js)"/.exec(page) ?? []
  expect(await readFile(join(installed, 'dist/console', script), 'utf8')).not.toBe('')
})

it('offers its types and its entry to programs', async () => {
  const script = `import { startGateway, reasons } from ${JSON.stringify(join(installed, 'dist/index.js'))}
    console.log(typeof startGateway, reasons.token_missing.status)`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script])
  expect(stdout.trim()).toBe('function 401')
  expect(await readFile(join(installed, 'dist/index.d.ts'), 'utf8')).toContain('GatewayError')
})
