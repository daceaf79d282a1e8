import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { request } from 'undici'
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

/** Starts `sallyport <command>` on a project that listens on `port` and waits until it answers. */
export async function spawnGateway(directory: string, port: number, command: 'dev' | 'start'): Promise<SpawnedGateway> {
  const child = spawn(process.execPath, [main, command, directory], { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')))
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')))
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await waitUntil('the gateway answers', async () => {
    if (child.exitCode !== null) throw new Error(`The gateway ended with ${child.exitCode}:\n${printed}`)
    return isReady(port)
  })
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

async function isReady(port: number): Promise<boolean> {
  try {
    const url = `http://127.0.0.1:${port}/.well-known/oauth-authorization-server`
    const answer = await request(url, { headersTimeout: 2000 })
    await answer.body.dump()
    return answer.statusCode === 200
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
