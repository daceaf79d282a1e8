import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { waitUntil } from '../wait-until.ts'
import type { BehaviourChange, Counts, SeenRequest } from './behaviour.ts'

/** How a protected upstream starts; everything else is `BehaviourChange`. */
export interface ProtectedUpstreamOptions {
  /** Path of the issuers, e.g. `/tenant1`. */
  readonly issuerPath?: string
  /** The MCP endpoint speaks https and demands a certificate of the authority in certificates.ts. */
  readonly mutualTls?: boolean
  readonly behaviour?: BehaviourChange
}

/** An MCP server behind OAuth with its authorization servers, in a process of its own. */
export interface ProtectedUpstream {
  /** URL of the MCP endpoint, which is also the `resource`. */
  readonly mcpUrl: string
  /** Issuers of the first and the second authorization server. */
  readonly issuer: string
  readonly secondaryIssuer: string
  setBehaviour(change: BehaviourChange): Promise<void>
  counts(): Promise<Counts>
  /** Every request since the last time, oldest first. */
  takeRequests(): Promise<readonly SeenRequest[]>
  /** Everything secret that was issued or received: tokens, codes, verifiers, client secrets, ID tokens. */
  secrets(): Promise<readonly string[]>
  /** Accounts whose grant still stands, one entry per grant. */
  liveAccounts(): Promise<readonly string[]>
  /** Token responses for accounts that allowed a client at the first server, as if each had signed in. */
  mint(
    accounts: readonly string[],
    clientId: string,
  ): Promise<readonly { access_token: string; refresh_token: string }[]>
  /** Waits until so many requests are held. */
  waitForHeld(count: number): Promise<void>
  /** Lets go what is held by now. */
  release(): Promise<void>
  /** Access tokens end now; refresh tokens stay good. */
  expireAccess(): Promise<void>
  /** Ends every grant. */
  killGrants(): Promise<void>
  /** Forgets every dynamic registration. */
  forgetClients(): Promise<void>
  stop(): Promise<void>
}

/** Starts a protected upstream on free loopback ports. */
export async function startProtectedUpstream(options: ProtectedUpstreamOptions = {}): Promise<ProtectedUpstream> {
  const { behaviour, ...start } = options
  const file = join(import.meta.dirname, 'protected-upstream-process.ts')
  const child = fork(file, [JSON.stringify(start)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // Keeps undefined, which stands for what is absent.
    serialization: 'advanced',
  })
  const ready = await nextMessage<ReadyMessage>(child, (message) => message['ready'])
  let last = 0
  const send = async <Result>(command: string, value: unknown = null): Promise<Result> => {
    const id = ++last
    const answer = nextMessage<Result>(child, (message) => (message['id'] === id ? message['result'] : undefined))
    child.send({ id, command, value })
    return answer
  }
  const counts = () => send<Counts>('counts')
  const setBehaviour = async (change: BehaviourChange) => void (await send('setBehaviour', change))
  if (behaviour) await setBehaviour(behaviour)
  return {
    ...ready,
    setBehaviour,
    counts,
    takeRequests: () => send('takeRequests'),
    secrets: () => send('secrets'),
    liveAccounts: () => send('liveAccounts'),
    mint: (accounts, clientId) => send('mint', { accounts, clientId }),
    waitForHeld: async (count) => {
      await waitUntil(`${count} held requests`, async () => (await counts()).held >= count)
    },
    release: async () => void (await send('release')),
    expireAccess: async () => void (await send('expireAccess')),
    killGrants: async () => void (await send('killGrants')),
    forgetClients: async () => void (await send('forgetClients')),
    stop: async () => {
      const exited = new Promise((resolve) => child.once('exit', resolve))
      if (child.kill('SIGKILL')) await exited
    },
  }
}

interface ReadyMessage {
  readonly mcpUrl: string
  readonly issuer: string
  readonly secondaryIssuer: string
}

function nextMessage<Result>(
  child: ChildProcess,
  read: (message: { readonly [key: string]: unknown }) => unknown,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the protected upstream ended with ${code}`))
    const onMessage = (message: { readonly [key: string]: unknown }) => {
      const value = read(message)
      if (value === undefined) return
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(value as Result)
    }
    child.on('message', onMessage)
    child.once('exit', onExit)
  })
}
