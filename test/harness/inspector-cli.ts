import { spawn } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClientEra } from './sdk-v2-client.ts'

const root = join(import.meta.dirname, '../..')
const launcher = join(root, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js')

/** How the MCP Inspector CLI is run. */
export interface InspectorOptions {
  readonly url: string
  readonly era: ClientEra
  /** Its own home directory: tokens stay there between runs. */
  readonly home: string
  /** Loopback port for the OAuth callback. */
  readonly callbackPort: number
  /** Who signs in when the server asks. Absent: only what is stored, or `headers`. */
  readonly subject?: string
  readonly headers?: Record<string, string>
}

/** What one run of the Inspector CLI printed. */
export interface InspectorRun {
  readonly exitCode: number | null
  /** The parsed `result`, when the run succeeded. */
  readonly result: { readonly [name: string]: unknown } | undefined
  readonly output: string
}

/** Runs one method with the MCP Inspector CLI, signing in through a browser script when it opens one. */
export async function runInspector(options: InspectorOptions, ...method: string[]): Promise<InspectorRun> {
  await mkdir(join(options.home, 'bin'), { recursive: true })
  const browser = join(options.home, 'bin/xdg-open')
  const script = join(import.meta.dirname, 'open-browser.ts')
  await writeFile(
    browser,
    `#!/bin/sh\nexec "${process.execPath}" "${script}" "$1" >>"${options.home}/browser.log" 2>&1\n`,
  )
  await chmod(browser, 0o755)
  const headers = Object.entries(options.headers ?? {}).flatMap(([name, value]) => ['--header', `${name}: ${value}`])
  const callback = `http://127.0.0.1:${options.callbackPort}/oauth/callback`
  const args = [launcher, '--cli', options.url, '--transport', 'http', '--protocol-era', options.era]
  args.push('--callback-url', callback, '--format', 'json', ...headers)
  if (options.subject === undefined && !options.headers) args.push('--stored-auth-only')
  return run([...args, ...method], {
    PATH: `${join(options.home, 'bin')}:${process.env['PATH'] ?? ''}`,
    HOME: options.home,
    XDG_CONFIG_HOME: join(options.home, 'config'),
    BROWSER: browser,
    MCP_AUTO_OPEN_ENABLED: 'true',
    MCP_INSPECTOR_SECRET_STORE: 'file',
    TEST_SIGN_IN_SUBJECT: options.subject ?? '',
  })
}

function run(args: readonly string[], env: Record<string, string>): Promise<InspectorRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })
    let printed = ''
    let problems = ''
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')))
    child.stderr.on('data', (chunk: Buffer) => (problems += chunk.toString('utf8')))
    child.once('error', reject)
    child.once('close', (exitCode) => {
      resolve({ exitCode, result: parseResult(printed), output: `${printed}\n${problems}` })
    })
  })
}

function parseResult(printed: string): InspectorRun['result'] {
  const line = printed.split('\n').find((each) => each.startsWith('{"result"'))
  return line === undefined ? undefined : (JSON.parse(line) as { result: InspectorRun['result'] }).result
}
