import { execFile } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { VaultKeys } from '../../src/contracts/key-provider.ts'
import type { Storage } from '../../src/contracts/storage.ts'
import { addCanary } from '../../src/credentials/check-vault-keys.ts'
import { createConnectionStore } from '../../src/credentials/connections.ts'
import { loadOrCreateKeyFile } from '../../src/credentials/keys.ts'
import { createVault, keyIdOf } from '../../src/credentials/vault.ts'
import { openStorage } from '../../src/storage/sqlite/open-storage.ts'
import { sendJson } from '../harness/authorization-server.ts'
import { type KillPoint, withFaults } from '../harness/gateway-faults.ts'
import { type CliResult, runCli } from '../harness/run-cli.ts'
import { startKms } from '../harness/scripted-kms.ts'
import { readSecrets, seededSecrets, seedSecrets } from '../harness/sealed-store.ts'
import { findFreePort, spawnGateway } from '../harness/spawn-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { createProject, signIn } from '../harness/write-project.ts'

const main = join(import.meta.dirname, '../../src/main.ts')
const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Closed together: concurrent tests have no hook of their own. */
const projects: { readonly directory: string; readonly storage: Storage }[] = []
afterAll(async () => {
  await Promise.all(projects.map(({ storage }) => storage.close()))
  await Promise.all(projects.map(({ directory }) => rm(directory, { recursive: true, force: true })))
})

interface SealedProject {
  readonly directory: string
  readonly keyFile: string
  readonly storage: Storage
  /** What the secrets are. */
  readonly expected: unknown
  /** The keys in the file now. */
  readonly keys: () => VaultKeys
}

/** A project whose store has secrets of every kind under the one key in its file. */
async function createSealedProject(settings: object = {}): Promise<SealedProject> {
  const servers = { echo: { upstream: 'https://up.example/mcp', inbound: ['sign-in'] } }
  const directory = await createProject({ settings, servers, policies: signIn() })
  const keyFile = join(directory, 'data/vault.keys')
  const vault = createVault(loadOrCreateKeyFile(keyFile, { create: true }))
  const storage = await openStorage(join(directory, 'data'))
  projects.push({ directory, storage })
  await addCanary(storage.sealed, vault)
  await seedSecrets(storage, vault)
  const keys = () => loadOrCreateKeyFile(keyFile, { create: false })
  return { directory, keyFile, storage, expected: await readSecrets(storage, vault), keys }
}

/** Fails unless every secret opens with the newest key alone, and is what it was. */
async function expectMoved({ storage, keys, expected }: SealedProject): Promise<void> {
  expect(await readSecrets(storage, createVault([keys()[0]]))).toEqual(expected)
}

async function rotate(directory: string, ...flags: string[]) {
  const { code, out, errors } = await runCli('vault', 'rotate', directory, '--json', ...flags)
  expect(errors).toMatch(/^(an earlier rotation to \S+ goes on|made the vault key \S+)\n$/)
  expect(code).toBe(0)
  return JSON.parse(out) as { activeKey: string; isNewKey: boolean; moved: number; failures: unknown[] }
}

function rotateAndDie(directory: string, kill: KillPoint): Promise<string | undefined> {
  const env = { ...process.env, ...withFaults({ kill }) }
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'vault', 'rotate', directory], { env }, (error) => {
      resolve(error?.signal ?? undefined)
    })
  })
}

describe('sallyport vault rotate', () => {
  it('moves every secret to a new key, leaves a private file, and says what is needed', async () => {
    const project = await createSealedProject()
    const [former] = project.keys()
    const { activeKey, isNewKey, moved, failures } = await rotate(project.directory)
    expect({ isNewKey, moved, failures }).toEqual({ isNewKey: true, moved: seededSecrets, failures: [] })
    expect(project.keys().map(({ id }) => id)).toEqual([activeKey, former.id])
    expect(statSync(project.keyFile).mode & 0o777).toBe(0o600)
    await expectMoved(project)
    const { out } = await runCli('vault', 'status', project.directory, '--json')
    expect(JSON.parse(out)).toMatchObject({
      keys: [
        { id: activeKey, state: 'active', secrets: seededSecrets },
        { id: former.id, state: 'idle', secrets: 0 },
      ],
      problem: null,
    })
    writeFileSync(project.keyFile, readFileSync(project.keyFile, 'utf8').split('\n')[0] ?? '')
    expect((await runCli('vault', 'status', project.directory)).code).toBe(0)
  })

  it('names a key that is missing, counts what needs it, and changes nothing', async () => {
    const project = await createSealedProject()
    const [former] = project.keys()
    writeFileSync(project.keyFile, `k2:${Buffer.alloc(32, 2).toString('base64')}`)
    const before = await project.storage.sealed.list()
    const status = await runCli('vault', 'status', project.directory)
    expect(status.code).toBe(1)
    expect(status.out).toMatch(new RegExp(`${former.id} +needed +${seededSecrets} `))
    const { code, errors } = await runCli('vault', 'rotate', project.directory)
    expect(code).toBe(1)
    expect(errors).toContain(`"${former.id}", which is not among the keys of`)
    expect(await project.storage.sealed.list()).toEqual(before)
    expect(readFileSync(project.keyFile, 'utf8')).toMatch(/^k2:/)
  })

  it('leaves a secret that does not open as it is, says which, and finishes the others', async () => {
    const project = await createSealedProject()
    const [stolen, victim] = await project.storage.connections.page('', 2)
    if (stolen === undefined || victim === undefined) throw new Error('there are no connections')
    await project.storage.connections.replaceSealed(victim.id, victim.sealed, stolen.sealed)
    const { code, out } = await runCli('vault', 'rotate', project.directory, '--json')
    expect(code).toBe(1)
    const { moved, failures } = JSON.parse(out) as { moved: number; failures: object[] }
    expect(moved).toBe(seededSecrets - 1)
    expect(failures).toMatchObject([{ collection: 'connections', name: `connection ${victim.id}` }])
    expect((await project.storage.connections.page('', 2))[1]?.sealed).toBe(stolen.sealed)
    const [, former] = project.keys()
    expect((await runCli('vault', 'status', project.directory)).out).toMatch(new RegExp(`${former?.id} +needed +1 `))
  })

  it('two at once never lose a key: one makes it, the other waits for its turn or goes on', async () => {
    const project = await createSealedProject()
    const results = await Promise.all([1, 2, 3].map(() => runCli('vault', 'rotate', project.directory)))
    for (const { code, errors } of results) {
      if (code !== 0) expect(errors).toContain('Another process is making a vault key')
    }
    expect(results.some(({ code }) => code === 0)).toBe(true)
    expect(await readSecrets(project.storage, createVault(project.keys()))).toEqual(project.expected)
    await rotate(project.directory)
    await expectMoved(project)
  }, 30_000)

  it('keys in the environment: the operator’s list, and only after a gateway started with it', async () => {
    const project = await createSealedProject()
    const [former] = project.keys()
    const list = (...keys: readonly string[]) => ({ SALLYPORT_VAULT_KEYS: keys.join(',') })
    const old = `${former.id}:${former.bytes.toString('base64')}`
    const next = `k2:${Buffer.alloc(32, 2).toString('base64')}`
    const run = (environment: object) => runWith(environment, 'vault', 'rotate', project.directory)
    expect((await run(list(old))).errors).toContain('Put a new key in front of the list there')
    expect((await run(list(next, old))).errors).toContain('No gateway has started with the vault key "k2"')
    const started = createVault([{ id: 'k2', bytes: Buffer.alloc(32, 2) }, former])
    await addCanary(project.storage.sealed, started)
    expect(await run(list(next, old))).toMatchObject({ code: 0 })
    expect(await readSecrets(project.storage, createVault([{ id: 'k2', bytes: Buffer.alloc(32, 2) }]))).toEqual(
      project.expected,
    )
  })
})

function runWith(environment: object, ...args: string[]): Promise<CliResult> {
  const env = { ...process.env, ...environment }
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env }, (error, out, errors) => {
      resolve({ code: error ? Number(error.code) : 0, out, errors })
    })
  })
}

const writes: readonly KillPoint['statement'][] = [
  'insert into revocations',
  'insert into sealed_values',
  'update sealed_values',
  'update oauth_records set payload',
  'update connections set sealed',
  'update upstream_clients set sealed',
  'delete from sealed_values',
]

describe('kill -9 during a rotation', () => {
  it.concurrent.each(writes.flatMap((statement) => (['before', 'after'] as const).map((when) => [when, statement])))(
    '%s %j',
    async (when, statement) => {
      const project = await createSealedProject()
      const [former] = project.keys()
      const kill = { when, statement } as KillPoint
      expect(await rotateAndDie(project.directory, kill)).toBe('SIGKILL')
      // Whatever was done, everything opens with what is in the file now.
      expect(await readSecrets(project.storage, createVault(project.keys()))).toEqual(project.expected)
      const madeBefore = project.keys()[0].id
      await expireLease(project.storage)
      const { activeKey, isNewKey } = await rotate(project.directory)
      await expectMoved(project)
      // A key that was made is used, not forgotten for another.
      if (madeBefore !== former.id && !isNewKey) expect(activeKey).toBe(madeBefore)
      const needed = (await project.storage.sealed.list()).flatMap(({ sealed }) => keyIdOf(sealed) ?? [])
      expect(new Set(needed)).toEqual(new Set([activeKey]))
    },
    60_000,
  )
})

/** As a minute does. */
async function expireLease({ sealed }: Storage): Promise<void> {
  const lease = await sealed.get('vault-rotation')
  if (lease !== undefined) await sealed.replace('vault-rotation', lease, '0')
}

describe('beside a running gateway', () => {
  it('concurrent writers lose nothing, and nothing is left under the former key', async () => {
    const project = await createSealedProject()
    const { storage, keyFile, keys } = project
    const loadNow = () => loadOrCreateKeyFile(keyFile, { create: false })
    // As in a gateway, except that it hears of the new key only when it meets it.
    const vault = createVault(loadNow(), loadNow)
    const store = createConnectionStore({ connections: storage.connections, vault, clock: Date.now, log: silent })
    const place = (n: number) => ({ tenant: 'default', upstream: 'busy', owner: `subject:${n}` })
    const credential = (key: string) => ({ kind: 'api-key', key, url: 'https://busy.example/mcp' }) as const
    for (let n = 0; n < 40; n += 1) await store.put(place(n), credential('0'), 'ada')
    const gate = { writing: true }
    let written = 0
    const last = new Map<number, string>()
    const write = async () => {
      for (let n = 0; gate.writing; n = (n + 1) % 40) {
        const found = await store.find(place(n))
        if (found === undefined) throw new Error('a connection is gone')
        written += 1
        if (await store.update(found, credential(String(written)))) last.set(n, String(written))
        else throw new Error('a refresh lost its token to the rotation')
        await new Promise(setImmediate)
      }
    }
    const writer = write()
    await waitUntil('some writes', () => written > 20)
    await rotate(project.directory)
    const during = written
    await waitUntil('writes afterwards', () => written > during + 80)
    gate.writing = false
    await writer
    const onlyNew = createVault([keys()[0]])
    const reader = createConnectionStore({
      connections: storage.connections,
      vault: onlyNew,
      clock: Date.now,
      log: silent,
    })
    for (const [n, key] of last) expect((await reader.find(place(n)))?.credential).toEqual(credential(key))
    await expectMoved(project)
    await Promise.all([store.close(), reader.close()])
  }, 60_000)

  it('a client keeps its secret before, during and after, and when the former key is gone', async () => {
    const port = await findFreePort()
    const project = await createSealedProject({ listen: { port } })
    const origin = `http://127.0.0.1:${port}`
    const gateway = await spawnGateway(project.directory, port, 'dev')
    const { out } = await runCli('clients', 'create', 'agent', project.directory, '--server', 'echo', '--json')
    const { id, secret } = JSON.parse(out) as { id: string; secret: string }
    const askToken = async () => {
      const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
      const form = { grant_type: 'client_credentials', resource: `${origin}/mcp/echo` }
      return (await sendJson(`${origin}/oauth/token`, { form, headers })).status
    }
    const gate = { rotating: true }
    const statuses: number[] = []
    const rotation = rotate(project.directory).finally(() => (gate.rotating = false))
    while (gate.rotating) statuses.push(await askToken())
    const { activeKey } = await rotation
    statuses.push(await askToken())
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(statuses.length).toBeGreaterThan(5)
    expect(await gateway.stop()).toBe(0)
    writeFileSync(project.keyFile, readFileSync(project.keyFile, 'utf8').split('\n')[0] ?? '')
    const restarted = await spawnGateway(project.directory, port, 'dev')
    expect(await askToken()).toBe(200)
    expect(project.keys().map((key) => key.id)).toEqual([activeKey])
    await restarted.stop()
  }, 60_000)

  it('keys in AWS KMS: a gateway loads the new one before anything is sealed under it', async () => {
    const account = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'kms/secret+access', region: 'eu-central-1' }
    const kms = await startKms(account)
    const port = await findFreePort()
    const awsKms = { keyId: 'alias/sallyport', region: account.region, endpoint: kms.url }
    const project = await createSealedProject({ listen: { port }, vault: { provider: 'aws-kms', awsKms } })
    const environment = { AWS_ACCESS_KEY_ID: account.accessKeyId, AWS_SECRET_ACCESS_KEY: account.secretAccessKey }
    const origin = `http://127.0.0.1:${port}`
    const gateway = await spawnGateway(project.directory, port, 'dev', environment)
    const created = await runWith(
      environment,
      'clients',
      'create',
      'agent',
      project.directory,
      '--server',
      'echo',
      '--json',
    )
    const { id, secret } = JSON.parse(created.out) as { id: string; secret: string }
    const askToken = async () => {
      const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
      const form = { grant_type: 'client_credentials', resource: `${origin}/mcp/echo` }
      return (await sendJson(`${origin}/oauth/token`, { form, headers })).status
    }
    // From the key in the file to the one in KMS, then to a second one in KMS.
    const rounds: { activeKey: string; isNewKey: boolean }[] = []
    for (const round of [1, 2]) {
      const { code, out } = await runWith(environment, 'vault', 'rotate', project.directory, '--json')
      expect({ round, code }).toEqual({ round, code: 0 })
      rounds.push(JSON.parse(out) as { activeKey: string; isNewKey: boolean })
      expect(await askToken()).toBe(200)
    }
    expect(rounds.map(({ isNewKey }) => isNewKey)).toEqual([false, true])
    await rm(project.keyFile)
    expect(await gateway.stop()).toBe(0)
    const restarted = await spawnGateway(project.directory, port, 'dev', environment)
    expect(await askToken()).toBe(200)
    expect(restarted.output() + gateway.output()).not.toContain(account.secretAccessKey)
    await restarted.stop()
    await kms.close()
  }, 60_000)

  it('does not start without the key that its store needs, and says which', async () => {
    const port = await findFreePort()
    const project = await createSealedProject({ listen: { port } })
    const [former] = project.keys()
    await rm(project.keyFile)
    await expect(spawnGateway(project.directory, port, 'dev')).rejects.toThrow(
      `sealed under ${former.id}. Put the file back from its backup`,
    )
    writeFileSync(project.keyFile, `${former.id}:${Buffer.alloc(32, 9).toString('base64')}`)
    await expect(spawnGateway(project.directory, port, 'dev')).rejects.toThrow('is not the one that sealed the secrets')
    writeFileSync(project.keyFile, `${former.id}:${former.bytes.toString('base64')}`)
    expect(await readSecrets(project.storage, createVault(project.keys()))).toEqual(project.expected)
    const gateway = await spawnGateway(project.directory, port, 'dev')
    await gateway.stop()
  }, 60_000)
})
