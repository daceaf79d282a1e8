import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { Secret } from '../../src/lib/secret.ts'

/** A PostgreSQL server of the test's own. */
export interface PostgresServer {
  /** Makes an empty database and says its URL. */
  createDatabase(): Promise<Secret>
  /** The server's process dies as with a power cut, and is not there any more. */
  close(): Promise<void>
}

const packaged = '/usr/lib/postgresql'

/** Where the programs of the server are; undefined when it is not installed. Debian has them outside of the path. */
export function findPostgres(): string | undefined {
  const versions = existsSync(packaged) ? readdirSync(packaged).toSorted((a, b) => Number(b) - Number(a)) : []
  const places = [...versions.map((version) => join(packaged, version, 'bin')), '/usr/local/bin', '/usr/bin']
  return places.find((place) => existsSync(join(place, 'initdb')) && existsSync(join(place, 'postgres')))
}

/** The server refuses to run as root, which is who tests run as in containers. */
function findOwner(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** Starts a server on a free port of this computer, with its files in a temporary directory. */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const programs = findPostgres()
  if (programs === undefined) throw new Error('PostgreSQL is not installed: apt-get install postgresql-15')
  const owner = findOwner()
  const directory = mkdtempSync(join(tmpdir(), 'postgres-'))
  if (owner) chownSync(directory, owner.uid, owner.gid)
  const files = join(directory, 'data')
  const environment = { LC_ALL: 'C.UTF-8', PATH: process.env.PATH ?? '' }
  const password = join(directory, 'password')
  writeFileSync(password, 'test')
  if (owner) chownSync(password, owner.uid, owner.gid)
  const initialize = ['-D', files, '-U', 'sallyport', '-A', 'scram-sha-256', '--pwfile', password, '-E', 'UTF8', '-N']
  execFileSync(join(programs, 'initdb'), initialize, { cwd: directory, env: environment, stdio: 'pipe', ...owner })
  const port = await findFreePort()
  const flags = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${directory}`, ...settings]
  const server = spawn(join(programs, 'postgres'), ['-D', files, ...flags.flatMap((flag) => ['-c', flag])], {
    cwd: directory,
    env: environment,
    stdio: 'ignore',
    ...owner,
  })
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const urlOf = (database: string) => `postgres://sallyport:test@127.0.0.1:${port}/${database}`
  await waitUntilReady(urlOf('postgres'))
  let databases = 0
  return {
    async createDatabase() {
      const name = `events_${++databases}`
      await query(urlOf('postgres'), `create database ${name}`)
      return new Secret(urlOf(name))
    },
    async close() {
      server.kill('SIGQUIT')
      await exited
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function waitUntilReady(url: string): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    try {
      return await query(url, 'select 1')
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function query(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  try {
    await client.connect()
    await client.query(sql)
  } finally {
    await client.end()
  }
}

function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
