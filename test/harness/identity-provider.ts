import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'

/**
 * A real identity provider that is not ours: oidc-provider in a process of its own. Keycloak would be the better stranger, but its
 * distribution cannot be had where these tests run.
 */
export interface TestIdentityProvider {
  readonly issuer: string
  configure(setup: Partial<IdentityProviderSetup>): Promise<void>
  /** Replaces the signing keys: old ones are gone. */
  rotateKeys(): Promise<void>
  /** Moves its clock against everybody else's. */
  setClock(offsetMs: number): Promise<void>
  /** Answers 500 to everything. */
  setBroken(broken: boolean): Promise<void>
  /** Requests since the last time, e.g. `POST /token`. */
  takeRequests(): Promise<readonly string[]>
  stop(): Promise<void>
  /** Starts again on the same port, with new keys and without sessions. */
  restart(): Promise<void>
}

/** What the provider knows. */
export interface IdentityProviderSetup {
  readonly redirectUri: string
  readonly clientSecret: string
  /** Claims by the name that a person types. */
  readonly people: { readonly [name: string]: object }
  /** Claims come from the userinfo endpoint, not in the ID token. */
  readonly thinIdTokens?: boolean
  readonly idTokenTtlSeconds?: number
}

/** Client secret of the gateway at the provider. */
export const idpClientSecret = 'secret-of-the-gateway-at-the-provider'

/** Starts the provider on a free port, with https under `testCertificate`. Its client is `gateway`. */
export async function startIdentityProvider(
  people: IdentityProviderSetup['people'],
  scheme: 'http' | 'https' = 'http',
): Promise<TestIdentityProvider> {
  let setup: IdentityProviderSetup = { redirectUri: 'http://127.0.0.1/none', clientSecret: idpClientSecret, people }
  let running = await spawnProvider(0, scheme)
  const port = Number(new URL(running.issuer).port)
  await running.send('configure', setup)
  return {
    issuer: running.issuer,
    configure: async (changes) => {
      setup = { ...setup, ...changes }
      await running.send('configure', setup)
    },
    rotateKeys: async () => void (await running.send('rotate', undefined)),
    setClock: async (offsetMs) => void (await running.send('clock', offsetMs)),
    setBroken: async (broken) => void (await running.send('break', broken)),
    takeRequests: () => running.send('requests', undefined),
    stop: () => running.stop(),
    restart: async () => {
      running = await spawnProvider(port, scheme)
      await running.send('configure', setup)
    },
  }
}

interface SpawnedProvider {
  readonly issuer: string
  send(command: string, value: unknown): Promise<readonly string[]>
  stop(): Promise<void>
}

async function spawnProvider(port: number, scheme: string): Promise<SpawnedProvider> {
  const file = join(import.meta.dirname, 'identity-provider-process.ts')
  const child = fork(file, [String(port), scheme], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const issuer = await waitForMessage(child, (message) => message['ready'])
  let last = 0
  return {
    issuer: String(issuer),
    send: async (command, value) => {
      const id = ++last
      const answer = waitForMessage(child, (message) => (message['id'] === id ? message['requests'] : undefined))
      child.send({ id, command, value })
      return (await answer) as readonly string[]
    },
    stop: async () => {
      const exited = new Promise((resolve) => child.once('exit', resolve))
      if (child.kill('SIGKILL')) await exited
    },
  }
}

function waitForMessage(child: ChildProcess, read: (message: { [key: string]: unknown }) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the identity provider ended with ${code}`))
    const onMessage = (message: { [key: string]: unknown }) => {
      const value = read(message)
      if (value === undefined) return
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(value)
    }
    child.on('message', onMessage)
    child.once('exit', onExit)
  })
}
