import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { authorize, redeemCode, registerClient } from '../test/harness/obtain-token.ts'
import { signIn, type TestProject } from '../test/harness/write-project.ts'
import type { UpstreamCounts } from './stream-upstream.ts'

/** Which revision the client speaks, and which the upstream. */
export const directions = ['2025-to-2025', '2026-to-2026', '2025-to-2026', '2026-to-2025'] as const
export type Direction = (typeof directions)[number]

/** The upstreams of both eras, in a process of their own. */
export interface MixedUpstream {
  readonly port: number
  ask(question: 'count' | 'notify'): Promise<UpstreamCounts>
  close(): Promise<void>
}

/** Starts the upstreams. */
export async function startMixedUpstream(): Promise<MixedUpstream> {
  const child = fork(join(import.meta.dirname, 'stream-upstream.ts'))
  const [port] = (await once(child, 'message')) as [number]
  return {
    port,
    ask: async (question) => {
      const answer = once(child, 'message')
      child.send(question)
      return ((await answer) as [UpstreamCounts])[0]
    },
    close: async () => {
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}

/** A project with one virtual server for each direction, people sign in to all of them. */
export function describeMixedProject(port: number, settings: object): TestProject {
  const path = (direction: Direction) => (direction.endsWith('2025') ? 'legacy' : 'modern')
  const servers = directions.map((direction) => [
    direction,
    { upstream: `http://127.0.0.1:${port}/${path(direction)}`, inbound: ['sign-in'] },
  ])
  return {
    settings: { telemetry: { logLevel: 'error' }, ...settings },
    servers: Object.fromEntries(servers) as TestProject['servers'],
    policies: signIn({ accessTokenTtlSeconds: 86_400 }),
  }
}

/** Signs people in to one virtual server; an access token for each. */
export async function signPeopleIn(publicUrl: string, direction: Direction, people: number): Promise<string[]> {
  const resource = `${publicUrl}/mcp/${direction}`
  const clientId = await registerClient(publicUrl)
  const tokens: string[] = []
  for (let index = 0; index < people; index++) {
    const { code, verifier } = await authorize(publicUrl, resource, clientId, `person-${index}`)
    tokens.push((await redeemCode(publicUrl, resource, clientId, code, verifier)).accessToken)
  }
  return tokens
}

/** Waits until a gateway that was just started serves. */
export async function waitForGateway(publicUrl: string): Promise<void> {
  const metadata = `${publicUrl}/.well-known/oauth-authorization-server`
  for (let tries = 0; tries < 200; tries++) {
    if ((await fetch(metadata).catch(() => undefined))?.ok) return
    await pause(50)
  }
  throw new Error('the gateway does not answer')
}
