import { availableParallelism } from 'node:os'
import { compileSettings } from './compile-settings.ts'
import { loadProject } from './load-project.ts'
import { ProblemList } from './problem-list.ts'
import type { Settings } from './project-schema.ts'

/** What a process needs to know of a project that only starts others on it. */
export interface WorkerSettings {
  readonly count: number
  readonly listen: Settings['listen'] | undefined
  readonly logLevel: Settings['telemetry']['logLevel']
}

/** Reads how many processes serve a project. What is wrong with it is not said here: whoever serves it says all of it. */
export async function readWorkerSettings(directory: string): Promise<WorkerSettings> {
  const compiled = compileSettings(await loadProject(directory), { mode: 'start' }, new ProblemList())
  const { workers = 1, telemetry, listen } = compiled?.settings ?? {}
  const count = workers === 'auto' ? availableParallelism() : workers
  return { count, listen, logLevel: telemetry?.logLevel ?? 'info' }
}
