import { expect, test } from 'vitest'
import { makeUpstream } from '../../../test/harness/connection-pages.ts'
import type { Connection } from '../connections.ts'
import { type DisconnectHost, disconnect } from './disconnect.ts'

const key = { tenant: 'default', upstream: 'linear', owner: 'subject:ada' }
const upstream = makeUpstream('linear', 'user-oauth')
const oauth = { record: {}, credential: { kind: 'oauth', accessToken: 'token' } } as unknown as Connection
const apiKey = { record: {}, credential: { kind: 'api-key', key: 'key' } } as unknown as Connection

/** Disconnects, and notes what was done in which order. */
async function run(found: Connection | undefined | Error, revoke: () => Promise<boolean>, asked = true) {
  const done: string[] = []
  const host: DisconnectHost = {
    connections: {
      find: () => (found instanceof Error ? Promise.reject(found) : Promise.resolve(found)),
      remove: async () => done.push('removed') > 0 && found !== undefined,
    },
    authorization: {
      revoke: () => {
        done.push('revoked')
        return revoke()
      },
    },
    patienceMs: 20,
  }
  return { outcome: await disconnect(asked ? upstream : undefined, key, host), done }
}

test('is removed before it is revoked', async () => {
  const { outcome, done } = await run(oauth, async () => true)
  expect([outcome, done]).toEqual(['revoked at the upstream', ['removed', 'revoked']])
})

test('does not wait for an upstream that never answers', async () => {
  const { outcome, done } = await run(oauth, () => new Promise(() => {}))
  expect([outcome, done]).toEqual(['not revoked at the upstream', ['removed', 'revoked']])
})

test('of an upstream that left the project asks nobody', async () => {
  const { outcome, done } = await run(oauth, async () => true, false)
  expect([outcome, done]).toEqual(['not revoked at the upstream', ['removed']])
})

test('of a secret that does not open is removed all the same', async () => {
  const { outcome, done } = await run(new Error('moved'), async () => true)
  expect([outcome, done]).toEqual([
    'its secret could not be opened, so nothing was revoked at the upstream',
    ['removed'],
  ])
})

test('of a key revokes nothing, and of nothing says so', async () => {
  expect((await run(apiKey, async () => true)).outcome).toBe('the key stays valid at the upstream')
  expect((await run(undefined, async () => true)).outcome).toBeUndefined()
})
