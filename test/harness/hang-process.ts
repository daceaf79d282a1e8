import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { SpawnedGateway } from './spawn-gateway.ts'
import { waitUntil } from './wait-until.ts'

const preload = pathToFileURL(join(import.meta.dirname, 'preload-endless-loop.ts')).href

/** Environment of a gateway whose processes can be told to loop. */
export const canLoop = { NODE_OPTIONS: `--import=${preload}` }

/** Blocks the event loop of a process for good; resolves when it is. The process burns a core until it is killed. */
export async function loopForEver(gateway: Pick<SpawnedGateway, 'output'>, pid: number): Promise<void> {
  process.kill(pid, 'SIGUSR2')
  await waitUntil('it loops', () => gateway.output().includes(`${pid} loops for ever`))
}

/** Stops a process, as a debugger or an operator would; resolves when it does nothing any more. Linux. */
export async function suspend(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  await waitUntil('it has stopped', () => / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
}
