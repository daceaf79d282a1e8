import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { request } from 'undici'

/** The engine of ClickHouse behind its HTTP interface, a test's own. */
export interface ClickhouseServer {
  readonly origin: string
  /** Runs a statement; the rows of its answer. Throws with what the engine says. */
  query<Row>(sql: string): Promise<readonly Row[]>
  close(): Promise<void>
}

/** Where `.ci/run` puts it. */
const installed = join(homedir(), '.cache/sallyport-chdb/bin/python')

/** A Python that has chdb; undefined without one, which is said. */
export function findChdb(): string | undefined {
  const finds = "import importlib.util, sys; sys.exit(importlib.util.find_spec('chdb') is None)"
  const pythons = [process.env.CHDB_PYTHON ?? installed, 'python3']
  const python = pythons.find((each) => spawnSync(each, ['-c', finds], { stdio: 'ignore' }).status === 0)
  if (python === undefined) {
    console.warn(
      'SKIPPED: chdb is not installed, so no ClickHouse reads the events. pip install chdb-core, and CHDB_PYTHON=<that python>',
    )
  }
  return python
}

/** Starts it on a free port, with its files in a temporary directory. */
export async function startClickhouse(python: string): Promise<ClickhouseServer> {
  const directory = await mkdtemp(join(tmpdir(), 'clickhouse-'))
  const program = join(import.meta.dirname, 'clickhouse-server.py')
  const server = spawn(python, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(server, 'exit')
  const ended = exited.then(([code]) => Promise.reject(new Error(`The engine ended with ${String(code)}.`)))
  const [port] = (await Promise.race([once(createInterface(server.stdout), 'line'), ended])) as [string]
  ended.catch(() => undefined)
  const origin = `http://127.0.0.1:${port}`
  return {
    origin,
    async query<Row>(sql: string) {
      const url = new URL(origin)
      url.searchParams.set('query', sql)
      const answer = await request(url, { method: 'POST' })
      const text = await answer.body.text()
      if (answer.statusCode !== 200) throw new Error(text)
      const lines = text.split('\n').filter((line) => line !== '')
      return lines.map((line) => JSON.parse(line) as Row)
    },
    async close() {
      server.kill('SIGKILL')
      await exited
      await rm(directory, { recursive: true, force: true })
    },
  }
}
