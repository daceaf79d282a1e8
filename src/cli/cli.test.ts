import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { writeEvents } from '../../test/harness/write-events.ts'
import { newEvent } from '../analytics/event.ts'
import { createSqliteSink } from '../analytics/sinks/sqlite.ts'
import { openDatabase } from '../storage/sqlite/open-database.ts'
import { createProgram } from './run.ts'

// The sources, also where an older build lies in dist.
const entry = join(import.meta.dirname, '../main.ts')

interface Result {
  readonly code: number | null
  readonly out: string
  readonly errors: string
}

/** Starts the command line as people do. `output` is what it printed so far. */
function start(...args: string[]) {
  const child = spawn(process.execPath, [entry, ...args], { env: { ...process.env, NO_COLOR: '1' } })
  const printed = { out: '', errors: '' }
  child.stdout.on('data', (chunk: Buffer) => (printed.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (printed.errors += chunk.toString()))
  const ended = new Promise<Result>((resolve) => child.on('close', (code) => resolve({ code, ...printed })))
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, printed, ended }
}

const run = (...args: string[]): Promise<Result> => start(...args).ended

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-cli-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

async function newProject(...flags: string[]): Promise<string> {
  const directory = await temporaryDirectory()
  const { code, errors } = await run('init', directory, '--yes', ...flags)
  expect(errors).toBe('')
  expect(code).toBe(0)
  return directory
}

/** Takes the sign-in by name away, which production refuses. */
async function openToEverybody(directory: string): Promise<void> {
  const path = join(directory, 'config/routes.oas.json')
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace(/"sign-in",/g, ''))
}

describe('help and mistakes', () => {
  it.each(createProgram().commands.map((command) => command.name()))('%s has help with examples', async (name) => {
    const { code, out } = await run(name, '--help')
    expect(code).toBe(0)
    expect(out).toContain('Examples:')
  })

  it('no command prints the help, a wrong one suggests the right one', async () => {
    expect(await run()).toMatchObject({ code: 0 })
    const { code, errors } = await run('chek')
    expect(code).toBe(2)
    expect(errors).toContain('Did you mean check?')
  })

  it('asks which keys are meant, where three kinds could be', async () => {
    const { code, errors } = await run('keys', 'rotate')
    expect(code).toBe(1)
    for (const command of ['signing-keys rotate', 'vault rotate', 'keys create']) expect(errors).toContain(command)
    expect((await run('keys', '--help')).out).not.toContain('rotate ')
  })

  it('errors have no stack trace, unless asked', async () => {
    const directory = await temporaryDirectory()
    const plain = await run('routes', directory)
    expect(plain.code).toBe(1)
    expect(plain.errors).toContain('sallyport.jsonc:1:1 error: this file is missing')
    expect(plain.errors).not.toMatch(/\n\s+at .*:\d+:\d+/)
    expect((await run('--debug', 'routes', directory)).errors).toMatch(/\n\s+at .*:\d+:\d+/)
  })
})

describe('init', () => {
  it('writes the demo, which check accepts', async () => {
    const directory = await newProject()
    const { code, out } = await run('check', directory)
    expect(out).toBe('no problems; 2 virtual servers\n')
    expect(code).toBe(0)
    expect((await stat(join(directory, '.env'))).mode & 0o077).toBe(0)
    const manifest: unknown = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
    // Nothing of this name is published by this checkout: an install must find the checkout itself.
    const sallyport = `file:${join(import.meta.dirname, '../..')}`
    expect(manifest).toMatchObject({ dependencies: { sallyport }, optionalDependencies: expect.any(Object) })
    expect(await readFile(join(directory, '.gitignore'), 'utf8')).toContain('.env')
    expect(await readFile(join(directory, 'upstream/tracker.ts'), 'utf8')).toContain('TRACKER_API_KEY')
  })

  it('writes a project in front of an upstream', async () => {
    const directory = await newProject('--upstream', 'https://mcp.linear.app/mcp', '--api-key-env', 'LINEAR_KEY')
    const { code, out } = await run('routes', directory, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual([
      expect.objectContaining({
        path: '/mcp/linear',
        upstreamUrl: 'https://mcp.linear.app/mcp',
        policies: ['sign-in', 'fair-use', 'upstream-key'],
      }),
    ])
  })

  it('does not touch a directory that is in use, unless forced', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'notes.txt'), 'mine')
    const refused = await run('init', directory, '--yes')
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.errors).toContain('is not empty')
    expect((await run('init', directory, '--yes', '--force')).code).toBe(0)
    expect(await readFile(join(directory, 'notes.txt'), 'utf8')).toBe('mine')
  })

  it.each([
    [['--upstream', 'mcp.linear.app'], 'http or https URL'],
    [['--upstream', 'https://a.example', '--name', 'A b'], 'lower-case'],
    [['--upstream', 'https://a.example', '--api-key-env', 'A-B'], 'letters, digits'],
    [['--api-key-env', 'KEY'], 'needs --upstream'],
  ])('refuses %j before it writes anything', async (flags, message) => {
    const directory = join(await temporaryDirectory(), 'new')
    const { code, errors } = await run('init', directory, '--yes', ...flags)
    expect(code).toBe(1)
    expect(errors).toContain(message)
    await expect(stat(directory)).rejects.toThrow('ENOENT')
  })
})

describe('check', () => {
  it('fails with every problem, as text and as JSON', async () => {
    const directory = await newProject()
    await writeFile(join(directory, 'sallyport.jsonc'), '{ "version": 2, "listn": {} }')
    const text = await run('check', directory)
    expect(text.code).toBe(1)
    expect(text.out).toContain('sallyport.jsonc:1:17 error: "listn" is not known here')
    expect(text.out).toContain('\n2 errors\n')
    const json = await run('check', directory, '--json')
    expect(json.code).toBe(1)
    expect(JSON.parse(json.out)).toEqual({
      ok: false,
      problems: [
        expect.objectContaining({ file: 'sallyport.jsonc', line: 1, column: 14, path: 'version' }),
        expect.objectContaining({ column: 17, path: 'listn', remedy: 'Write "listen".' }),
      ],
    })
  })

  it('checks for production on request', async () => {
    const { code, out } = await run('check', await newProject(), '--production')
    expect(code).toBe(1)
    expect(out).toContain('refuses dev login')
    expect(out).toContain('"publicUrl" is required')
    expect(out).toMatch(/There are no vault keys at .*vault\.keys\..*sallyport dev.*\(umask 077; mkdir/)
  })

  it('checks no vault keys where the settings cannot be read', async () => {
    const directory = await newProject()
    await writeFile(join(directory, 'sallyport.jsonc'), '{ "version": 1, "listn": {} }')
    const { code, out, errors } = await run('check', directory, '--production')
    expect({ code, errors }).toEqual({ code: 1, errors: '' })
    expect(out).toContain('Write "listen".')
    expect(out).not.toContain('vault keys')
  })
})

describe('vault', () => {
  it('status says that there are no keys, in words instead of an empty table', async () => {
    const { code, out, errors } = await run('vault', 'status', await newProject())
    expect(code).toBe(1)
    expect(out).toBe('no vault key is in use\n')
    expect(errors).toContain('There are no vault keys at')
  })
})

describe('dev and start', () => {
  it('dev serves, reloads, keeps what runs when a change is broken, and stops on SIGTERM', async () => {
    const directory = await newProject()
    const settings = join(directory, 'sallyport.jsonc')
    await writeFile(settings, '{ "version": 1, "listen": { "port": 0 } }')
    const { child, printed, ended } = start('dev', directory)
    await vi.waitFor(() => expect(printed.out).toContain('claude mcp add'), 15_000)
    const url =
      /http:\/\/127\.0\.0\.1:\d+\/mcp\/tracker\n/.exec(stripVTControlCharacters(printed.out))?.[0].trim() ?? ''
    const status = async () => (await fetch(url, { method: 'POST', body: '{}' })).status
    expect(await status()).toBe(401)
    await writeFile(settings, '{ "version": 1, "listen": { "port": 0 }, "basePth": "" }')
    await vi.waitFor(() => expect(printed.errors).toContain('Write "basePath".'), 15_000)
    expect(printed.errors).toContain('the running configuration stays: 1 error.')
    expect(await status()).toBe(401)
    await writeFile(settings, '{ "version": 1, "listen": { "port": 0 }, "limits": { "drainSeconds": 5 } }')
    await vi.waitFor(() => expect(printed.errors).toContain('sallyport: reloaded.'), 15_000)
    expect(await status()).toBe(401)
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
  })

  it('start serves, writes a log of JSON lines, and reloads on SIGHUP', async () => {
    const directory = await newProject('--upstream', 'https://up.example/mcp')
    const settings = (extra: object) =>
      writeFile(
        join(directory, 'sallyport.jsonc'),
        JSON.stringify({
          version: 1,
          publicUrl: 'https://gw.example',
          listen: { port: 0 },
          admin: { listen: { port: 0 } },
          ...extra,
        }),
      )
    await openToEverybody(directory)
    await writeFile(join(directory, 'keys'), `k1:${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 })
    await settings({ vault: { keyFile: 'keys' } })
    const { child, printed, ended } = start('start', directory)
    const messages = () =>
      printed.out
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { message: string }).message)
    await vi.waitFor(() => expect(messages()).toContain('serving'), 15_000)
    await settings({ vault: { keyFile: 'keys' }, telemetry: {} })
    child.kill('SIGHUP')
    await vi.waitFor(() => expect(messages()).toContain('configuration reloaded'), 15_000)
    await settings({ telemtry: {} })
    child.kill('SIGHUP')
    await vi.waitFor(() => expect(printed.out).toContain('"problem":"\\"telemtry\\" is not known here"'), 15_000)
    expect(messages()).toContain('not reloaded, the running configuration stays')
    child.kill('SIGINT')
    expect((await ended).code).toBe(0)
    expect(printed.errors).toBe('')
  })

  it('start wants vault keys', async () => {
    const directory = await newProject('--upstream', 'https://up.example/mcp')
    await openToEverybody(directory)
    await writeFile(join(directory, 'sallyport.jsonc'), '{ "version": 1, "publicUrl": "https://gw.example" }')
    const { code, errors } = await run('start', directory)
    expect(code).toBe(1)
    expect(errors).toContain('SALLYPORT_VAULT_KEYS')
    expect(errors).not.toMatch(/\n\s+at /)
  })

  it('start says what production needs, and does not start', async () => {
    const directory = await newProject()
    const { code, errors } = await run('start', directory)
    expect(code).toBe(1)
    expect(errors).toContain('refuses dev login')
    expect(errors).toContain('"publicUrl" is required')
    await expect(stat(join(directory, 'data'))).rejects.toThrow('ENOENT')
  })
})

describe('events', () => {
  async function projectWithEvents(capabilities: readonly string[]) {
    const directory = await newProject()
    const database = openDatabase(join(directory, 'data/events.db'))
    onTestFinished(() => database.close())
    const sink = createSqliteSink(database)
    const write = async (name: string, time: number) => {
      const event = {
        ...newEvent('capability_completed', time, 'a'.repeat(32)),
        virtualServer: 'tracker',
        capability: name,
      }
      await writeEvents(sink, [event])
    }
    for (const [index, name] of capabilities.entries())
      await write(name, Date.now() - (capabilities.length - index) * 60_000)
    return { directory, write }
  }

  it('says when there are none yet', async () => {
    const { code, errors } = await run('events', await newProject())
    expect(code).toBe(1)
    expect(errors).toContain('no events yet')
  })

  it('shows the latest, oldest first, as lines or as JSON', async () => {
    const { directory } = await projectWithEvents(['first', 'second', 'third'])
    const { out } = await run('events', directory, '--limit', '2')
    expect(out).toMatch(/^\d{4}-\d\d-\d\d .*tracker {2}second {2}success\n.*tracker {2}third {2}success\n$/)
    const recent = await run('events', directory, '--json', '--since', '90s')
    expect(
      recent.out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { capability: string }).capability),
    ).toEqual(['third'])
  })

  it('follows until it is stopped', async () => {
    const { directory, write } = await projectWithEvents(['first'])
    const { child, printed, ended } = start('events', directory, '--follow')
    await vi.waitFor(() => expect(printed.out).toContain('first'), 15_000)
    await write('later', Date.now())
    await vi.waitFor(() => expect(printed.out).toContain('later'), 15_000)
    child.kill('SIGINT')
    expect((await ended).code).toBe(0)
    expect(printed.out.match(/first/g)).toHaveLength(1)
  })

  it('ends quietly when the reader has read enough', async () => {
    const { directory, write } = await projectWithEvents(['first'])
    const { child, printed, ended } = start('events', directory, '--follow')
    await vi.waitFor(() => expect(printed.out).toContain('first'), 15_000)
    child.stdout.destroy()
    await write('later', Date.now())
    expect(await ended).toMatchObject({ code: 0, errors: '' })
  })

  it('cannot be used to move the cursor of the reader', async () => {
    const { directory } = await projectWithEvents(['evil\u001B[2J\r\nname'])
    expect((await run('events', directory)).out).toContain('evil?[2J??name')
  })

  it.each([
    ['--limit', '0'],
    ['--since', 'yesterday'],
  ])('refuses %s %s', async (...flags) => {
    expect((await run('events', ...flags)).code).toBe(2)
  })
})
