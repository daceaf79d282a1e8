import cluster from 'node:cluster'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import type { Heartbeat } from '../../src/workers/heartbeat.ts'
import { Supervisor } from '../../src/workers/supervisor.ts'

/** The program of workers that serve nothing. */
export const workerProgram = join(import.meta.dirname, 'supervised-worker.ts')

/** What workers leave behind for the test to see, and what the test tells them. */
export interface WorkerDirectory {
  readonly directory: string
  /** Process ids of all that ever served, in this place or in any. */
  readonly served: (slot?: number) => readonly number[]
  /** How often that happened to the worker in this place: it was asked whether it is there, 50 ms went by. */
  readonly count: (slot: number, what: 'pings' | 'ticks') => number
  /** `<slot>.hang`: does nothing any more once it serves. `<slot>.busy`: takes a second before each of its first three answers. */
  readonly behave: (how: string) => void
}

/** A directory that is removed with the test. */
export function createWorkerDirectory(): WorkerDirectory {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-supervisor-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return {
    directory,
    served: (slot) =>
      readdirSync(directory).flatMap((name) => {
        const [, place, pid] = /^(\d)-(\d+)$/.exec(name) ?? []
        return pid !== undefined && (slot === undefined || Number(place) === slot) ? [Number(pid)] : []
      }),
    count: (slot, what) => statSync(join(directory, `${slot}.${what}`), { throwIfNoEntry: false })?.size ?? 0,
    behave: (how) => writeFileSync(join(directory, how), ''),
  }
}

/** Runs a supervisor in this process, over real processes that serve nothing. */
export function startSupervisor(count: number, heartbeat?: Heartbeat) {
  const workers = createWorkerDirectory()
  cluster.setupPrimary({ exec: workerProgram, args: [workers.directory], execArgv: [] })
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const voice = { reloaded: vi.fn(), kept: vi.fn(), failed: vi.fn() }
  const listen = { port: 0, reusePort: true }
  const supervisor = new Supervisor({ count, listen, log, voice, ...(heartbeat && { heartbeat }) })
  const ended = supervisor.run()
  onTestFinished(async () => {
    supervisor.stop()
    await ended
  })
  return { supervisor, ended, log, voice, ...workers }
}
