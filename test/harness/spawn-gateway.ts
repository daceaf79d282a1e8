import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { request } from 'undici'
import { onTestFinished } from 'vitest'
import { waitUntil } from './wait-until.ts'

const main = join(import.meta.dirname, '../../src/main.ts')

/** A gateway in a process of its own. */
export interface SpawnedGateway {
  readonly process: ChildProcess
  /** Everything it printed so far. */
  output(): string
  /** Ends it at once, as a crash or a power cut would. */
  kill9(): Promise<void>
  /** Ends it as an operator would; resolves with the exit code. */
  stop(): Promise<number | null>
}

/** Starts `sallyport <command>` on a project that listens on `port` and waits until it answers. It never outlives its test. */
export async function spawnGateway(
  directory: string,
  port: number,
  command: 'dev' | 'start',
  environment: Record<string, string> = {},
): Promise<SpawnedGateway> {
  const env = { ...process.env, ...environment }
  const child = spawn(process.execPath, [main, command, directory], { stdio: ['ignore', 'pipe', 'pipe'], env })
  onTestFinished(() => void child.kill('SIGKILL'))
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')))
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')))
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  try {
    await waitUntil('the gateway answers', async () => {
      if (child.exitCode !== null) throw new Error(`The gateway ended with ${child.exitCode}.`)
      return isAnswering(port)
    })
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`The gateway did not start:\n${printed}`, { cause: error })
  }
  return {
    process: child,
    output: () => printed,
    kill9: async () => {
      child.kill('SIGKILL')
      await exited
    },
    stop: () => {
      child.kill('SIGTERM')
      return exited
    },
  }
}

/** Requests that come early are held until the gateway serves, so any answer will do. */
async function isAnswering(port: number): Promise<boolean> {
  try {
    const answer = await request(`http://127.0.0.1:${port}/`, { headersTimeout: 5000 })
    await answer.body.dump()
    return true
  } catch {
    return false
  }
}

/** A port that is free now. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
