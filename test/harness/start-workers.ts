import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { Agent, fetch as sendFetch, setGlobalDispatcher } from 'undici'
import { onTestFinished } from 'vitest'
import type { GatewayEvent } from '../../src/analytics/event.ts'
import { runCli } from './run-cli.ts'
import { findFreePort, type SpawnedGateway, spawnGateway } from './spawn-gateway.ts'
import { readAllEvents } from './start-gateway.ts'
import { waitUntil } from './wait-until.ts'
import { createProject, type TestProject, writeProject } from './write-project.ts'

/** A gateway of several processes, as `sallyport start` runs it. */
export interface WorkerGateway extends SpawnedGateway {
  readonly directory: string
  /** Where it listens. */
  readonly origin: string
  /** URL of the virtual server of that name. */
  server(name: string): string
  /** API key of a person. */
  key(person: string): string
  /** Process ids of the workers by their place, those that serve now. */
  pids(): ReadonlyMap<number, number>
  /** Lines of the log that say this. */
  logged(message: string): readonly { readonly [field: string]: unknown }[]
  events(): readonly GatewayEvent[]
  /** Ends one worker at once; resolves when another one serves in its place. */
  killWorker(slot: number): Promise<void>
  /** Overwrites the project and sends SIGHUP. */
  reload(project: TestProject): Promise<void>
}

/** How it runs. */
export interface WorkerOptions {
  readonly workers?: number
  readonly people?: readonly string[]
  readonly environment?: Record<string, string>
  /** How connections are given to workers. `system`: as in production, by chance. Default `turn`. */
  readonly balancedBy?: 'turn' | 'system'
}

/**
 * Starts it on a free port. Requests of the test each have a connection of their own, and connections go to the workers in turn: three requests one
 * after the other come to three workers. It never outlives its test.
 */
export async function startWorkers(project: TestProject, options: WorkerOptions = {}): Promise<WorkerGateway> {
  const { workers = 3, people = ['ada'], environment = {}, balancedBy = 'turn' } = options
  setGlobalDispatcher(new Agent({ pipelining: 0 }))
  const port = await findFreePort()
  const whole = (of: TestProject): TestProject => ({
    ...of,
    settings: {
      listen: { port },
      publicUrl: 'https://gateway.example',
      workers,
      telemetry: { logLevel: 'info', logEvents: 'none' },
      ...of.settings,
    },
    policies: { keys: ['api-key-inbound', {}], ...of.policies },
  })
  const directory = await createProject(whole(project))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const vaultKeys = `k1:${randomBytes(32).toString('base64')}`
  const inTurn = { NODE_CLUSTER_SCHED_POLICY: 'rr' }
  const env = { SALLYPORT_VAULT_KEYS: vaultKeys, ...(balancedBy === 'turn' && inTurn), ...environment }
  const keys = new Map<string, string>()
  const gateway = await spawnGateway(directory, port, 'start', env)
  for (const person of people) keys.set(person, await createKey(person, directory))
  const origin = `http://127.0.0.1:${port}`
  const lines = () => readLines(gateway.output())
  const logged = (message: string) => lines().filter((line) => line.message === message)
  const pids = () => readPids(lines())
  await waitUntil('all workers serve', () => pids().size === workers, 30_000).catch((cause: unknown) => {
    throw new Error(`Some workers do not serve:\n${gateway.output()}`, { cause })
  })
  return {
    ...gateway,
    directory,
    origin,
    server: (name) => `${origin}/mcp/${name}`,
    key: (person) => keys.get(person) ?? '',
    pids,
    logged,
    events: () => readAllEvents(directory),
    killWorker: async (slot) => {
      const pid = pids().get(slot)
      if (pid === undefined) throw new Error(`No worker serves in place ${slot}.`)
      process.kill(pid, 'SIGKILL')
      await waitUntil('another worker', () => pids().get(slot) !== pid, 30_000)
    },
    reload: async (next) => {
      await writeProject(directory, whole(next))
      gateway.process.kill('SIGHUP')
    },
  }
}

/** For clients that would keep their connections: every request has its own. */
export const fetchAnew: typeof fetch = (input, init) => {
  const dispatcher = new Agent({ pipelining: 0 })
  return sendFetch(input, { ...init, dispatcher })
}

async function createKey(person: string, directory: string): Promise<string> {
  const { out, errors } = await runCli('keys', 'create', person, directory, '--json')
  if (errors !== '') throw new Error(errors)
  return (JSON.parse(out) as { readonly key: string }).key
}

function readLines(output: string): readonly { readonly [field: string]: unknown }[] {
  return output.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as { readonly [field: string]: unknown }]
    } catch {
      return []
    }
  })
}

function readPids(lines: readonly { readonly [field: string]: unknown }[]): ReadonlyMap<number, number> {
  const serving = lines.filter(({ message }) => message === 'a worker serves')
  return new Map(serving.map(({ worker, pid }) => [Number(worker), Number(pid)]))
}
