import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReloadResult } from '../../src/gateway.ts'
import { createProject, type TestProject, writeProject } from './write-project.ts'

/** What a process holds, after garbage was collected. */
export interface Gauges {
  /** JavaScript heap and the buffers outside of it. */
  readonly heapBytes: number
  readonly residentBytes: number
  /** Open TCP connections, to clients and upstreams. */
  readonly sockets: number
  /** All that keeps the event loop alive: sockets, servers, timers, requests. */
  readonly handles: number
}

/** A gateway in a process of its own that can be asked what it holds. */
export interface WatchedGateway {
  readonly publicUrl: string
  readonly directory: string
  readonly pid: number
  measure(): Promise<Gauges>
  /** Overwrites the project and reloads it. */
  reload(project: TestProject): Promise<ReloadResult>
  close(): Promise<void>
}

/** Starts a gateway with its dev login on a free port of 127.0.0.1. */
export async function watchGateway(project: TestProject): Promise<WatchedGateway> {
  const directory = await createProject(project)
  const child = fork(join(import.meta.dirname, 'serve-watched.ts'), [directory], { execArgv: ['--expose-gc'] })
  const open = new Map<number, (value: unknown) => void>()
  let last = 0
  const exited = once(child, 'exit')
  child.on('message', ({ id, value }: { readonly id: number; readonly value: unknown }) => {
    open.get(id)?.(value)
    open.delete(id)
  })
  const ended = exited.then(([code]) => {
    throw new Error(`the gateway ended with ${String(code)}`)
  })
  ended.catch(() => undefined)
  const receive = <Value>(id: number): Promise<Value> =>
    Promise.race([new Promise<Value>((resolve) => open.set(id, resolve as (value: unknown) => void)), ended])
  const ask = <Value>(question: 'measure' | 'reload'): Promise<Value> => {
    const answer = receive<Value>(++last)
    child.send({ id: last, ask: question })
    return answer
  }
  const publicUrl = await receive<string>(0)
  return {
    publicUrl,
    directory,
    pid: child.pid ?? 0,
    measure: () => ask<Gauges>('measure'),
    reload: async (next) => {
      await writeProject(directory, next)
      return ask<ReloadResult>('reload')
    },
    close: async () => {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await exited
      clearTimeout(late)
      await rm(directory, { recursive: true, force: true })
    },
  }
}
