import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ConnectDetails } from '../../src/contracts/credential.ts'
import type { SqlDatabase } from '../../src/contracts/sql-database.ts'
import type { ConnectionKey } from '../../src/contracts/storage.ts'
import { type Connection, ownerOf, sharedOwner } from '../../src/credentials/connections.ts'
import { RememberedConnections } from '../../src/credentials/remembered-connections.ts'
import { openDatabase } from '../../src/storage/sqlite/open-database.ts'
import {
  type BrokerProcess,
  type BrokerWorld,
  callBy,
  createBrokerWorld,
  headerOf,
  keyCredential,
  oauthCredentialOf,
  refusalOf,
  upstreamOf,
} from '../harness/open-brokers.ts'

let world: BrokerWorld
let gateway: BrokerProcess
let database: SqlDatabase

beforeEach(async () => {
  world = createBrokerWorld()
  gateway = await world.open()
  database = openDatabase(world.databasePath)
})
afterEach(async () => {
  database.close()
  await world.close()
})

const adas = { tenant: 'default', upstream: 'tracker', owner: ownerOf('ada') }
const connectAda = () => gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
const obtain = (call = callBy('eve'), changes = {}) => gateway.broker.open(upstreamOf(changes)).obtain(call)

describe('somebody who asks as somebody else', () => {
  test.each([
    ['another person', callBy('eve'), {}],
    ['the same name in another tenant', callBy('ada', 'acme'), {}],
    ['another upstream', callBy('ada'), { id: 'notes' }],
    ['an upstream whose id begins alike', callBy('ada'), { id: 'tracker-2' }],
    ['a name that continues', callBy('ada2'), {}],
    ['a name in other letters', callBy('ADA'), {}],
    ['a name with the prefix of owners', callBy('subject:ada'), {}],
    ['an API key of that name', callBy('consumer:ada'), {}],
    ['the shared mode', callBy('ada'), { mode: 'shared-oauth' }],
  ] as const)('%s gets no token', async (_what, call, changes) => {
    await connectAda()
    await headerOf(obtain(callBy('ada')))
    expect((await refusalOf(obtain(call, changes))).reason).toMatch(/^connection_/)
  })

  test('a person who is called as the shared owner gets nothing that is shared', async () => {
    await gateway.connections.put({ ...adas, owner: sharedOwner }, oauthCredentialOf(world.now), 'admin')
    for (const id of ['shared', 'subject:shared']) {
      expect((await refusalOf(obtain(callBy(id)))).reason).toBe('connection_required')
    }
  })

  test('no two places in memory are the same', () => {
    const part = fc.oneof(fc.constantFrom('a', 'a/1', '1/a', 'asubject:a', ''), fc.string({ maxLength: 6 }))
    const key = fc.record({
      tenant: part,
      upstream: fc.stringMatching(/^[a-z0-9-]{1,3}$/),
      owner: part.map((id) => ownerOf(id)),
    })
    fc.assert(
      fc.property(key, key, (left: ConnectionKey, right: ConnectionKey) => {
        fc.pre(left.tenant !== right.tenant || left.upstream !== right.upstream || left.owner !== right.owner)
        const memory = new RememberedConnections<Connection>()
        memory.put({ record: { ...left, state: 'connected' } } as Connection)
        expect(memory.get(left)).toBeDefined()
        expect(memory.get(right)).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })
})

describe('somebody who can write to the database', () => {
  const insertCopy = (changes: { [column: string]: string }) => {
    const columns = ['tenant', 'upstream', 'owner', 'id', 'generation', 'kind', 'state', 'scopes', 'connected_by']
    const all = [...columns, 'sealed', 'created_at_ms', 'updated_at_ms']
    const values = all.map((column) => (changes[column] === undefined ? column : `'${changes[column]}'`))
    database.exec(`insert into connections (${all.join()}) select ${values.join()} from connections`)
  }

  test.each([
    ['another owner', { owner: ownerOf('eve'), id: 'copy' }, callBy('eve'), {}],
    ['another tenant', { tenant: 'acme', id: 'copy' }, callBy('ada', 'acme'), {}],
    ['another upstream', { upstream: 'notes', id: 'copy' }, callBy('ada'), { id: 'notes' }],
    ['everybody', { owner: sharedOwner, id: 'copy' }, callBy('eve'), { mode: 'shared-oauth' }],
  ] as const)('a sealed row copied to %s does not open', async (_what, changes, call, upstream) => {
    await connectAda()
    insertCopy(changes)
    expect((await refusalOf(obtain(call, upstream))).details.detail).toMatch(/does not open/)
    expect(world.logged.join()).toContain('does not open')
    expect(await headerOf(obtain(callBy('ada')))).toBe('authorization: Bearer access-0')
  })

  test('a row moved with its id, and a secret moved into a row of their own, do not open', async () => {
    await connectAda()
    database.exec(`update connections set owner = '${ownerOf('eve')}'`)
    expect((await refusalOf(obtain())).details.detail).toMatch(/does not open/)
    database.exec('delete from connections')
    const { sealed } = (await connectAda()).record
    await gateway.connections.put({ ...adas, owner: ownerOf('eve') }, oauthCredentialOf(world.now), 'eve')
    database.exec(`update connections set sealed = '${sealed}' where owner = '${ownerOf('eve')}'`)
    expect((await refusalOf(obtain())).details.detail).toMatch(/does not open/)
  })

  test('what is in the clear decides neither where the refresh token goes, nor where the access token goes', async () => {
    await connectAda()
    database.exec(`update connections set issuer = 'https://evil.example', resource = 'https://evil.example/mcp'`)
    const refusal = await refusalOf(obtain(callBy('ada'), { url: 'https://evil.example/mcp' }))
    expect(refusal.reason).toBe('connection_reconsent_required')
    world.now += 3_600_000
    expect(await headerOf(obtain(callBy('ada')))).toBe('authorization: Bearer access-1')
    const { issuer, tokenEndpoint } = oauthCredentialOf(0)
    expect(world.refreshed).toMatchObject([{ issuer, tokenEndpoint }])
  })

  test('an expiry moved back in the clear makes nobody refresh, and one moved on keeps no dead token alive', async () => {
    await connectAda()
    database.exec('update connections set expires_at_ms = 1')
    expect(await headerOf(obtain(callBy('ada')))).toBe('authorization: Bearer access-0')
    database.exec('update connections set expires_at_ms = 9000000000000')
    gateway.broker.forgetAll()
    world.now += 3_600_000
    expect(await headerOf(obtain(callBy('ada')))).toBe('authorization: Bearer access-1')
  })
})

describe('a link that reached somebody else', () => {
  test('names its owner and upstream under a seal, and opens for no other upstream', async () => {
    const refusal = await refusalOf(obtain(callBy('ada')))
    const connect = refusal.details.data?.connect as ConnectDetails
    const ticket = new URL(connect.url).searchParams.get('ticket') ?? ''
    expect(gateway.tickets.open(ticket, 'tracker')).toMatchObject(adas)
    expect(gateway.tickets.open(ticket, 'notes')).toBeUndefined()
  })
})

test('a key is only ever sent to the server it was stored for, whoever changes the configuration', async () => {
  await gateway.connections.put(adas, keyCredential, 'ada')
  const apiKey = { header: 'x-key', scheme: '' }
  const changes = { mode: 'user-api-key', oauth: undefined, apiKey } as const
  expect(await headerOf(obtain(callBy('ada'), changes))).toBe('x-key: key-0')
  for (const url of [
    'https://evil.example/mcp',
    'http://tracker.example/mcp',
    'https://tracker.example.evil.example/mcp',
  ]) {
    expect((await refusalOf(obtain(callBy('ada'), { ...changes, url }))).reason).toBe('connection_reconsent_required')
  }
})
