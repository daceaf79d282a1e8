import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ScriptedKms, startKms, startTransit } from '../../../test/harness/scripted-kms.ts'
import type { VaultSecrets } from '../../contracts/key-provider.ts'
import type { Storage } from '../../contracts/storage.ts'
import { createCallKms } from '../../http/call-kms.ts'
import { Secret } from '../../lib/secret.ts'
import { openStorage } from '../../storage/sqlite/open-storage.ts'
import { VaultKeyError } from '../keys.ts'
import { openVault } from '../open-vault.ts'
import { type KeyProviderHost, type KeyProviderSettings, openKeyProvider } from './open-key-provider.ts'
import { wrappedKeysName } from './wrapped-keys.ts'

const account = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalr/secret+key',
  sessionToken: 'tok/en==',
  region: 'eu-central-1',
}
const context = { tenant: 'default', kind: 'test', owner: 'ada', id: '1' }
const noSecrets: VaultSecrets = {
  localKeys: undefined,
  awsAccessKeyId: undefined,
  awsSecretAccessKey: undefined,
  awsSessionToken: undefined,
  vaultToken: undefined,
}
const awsSecrets: VaultSecrets = {
  ...noSecrets,
  awsAccessKeyId: account.accessKeyId,
  awsSecretAccessKey: new Secret(account.secretAccessKey),
  awsSessionToken: new Secret(account.sessionToken),
}

let directory: string
let keyFile: string
let storage: Storage
const services: ScriptedKms[] = []
const warnings: string[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'providers-'))
  keyFile = join(directory, 'vault.keys')
  storage = await openStorage(join(directory, 'data'))
})
afterEach(async () => {
  await storage.close()
  await Promise.all(services.splice(0).map((service) => service.close()))
  warnings.length = 0
  rmSync(directory, { recursive: true })
})

function hostOf(changes: Partial<KeyProviderHost> = {}): KeyProviderHost {
  return {
    secrets: noSecrets,
    keyFile,
    values: storage.sealed,
    createKeyFile: false,
    allowLoopbackHttp: true,
    warn: (message) => warnings.push(message),
    ...changes,
  }
}

async function kms(): Promise<{ service: ScriptedKms; settings: KeyProviderSettings; host: KeyProviderHost }> {
  const service = await startKms(account)
  services.push(service)
  const awsKms = { keyId: 'alias/sallyport', region: account.region, endpoint: service.url }
  return {
    service,
    settings: { provider: 'aws-kms', deployment: 'prod', awsKms },
    host: hostOf({ secrets: awsSecrets }),
  }
}

async function transit(): Promise<{
  service: ScriptedKms
  settings: KeyProviderSettings
  host: KeyProviderHost
}> {
  const service = await startTransit({ token: 'hvs.token', mount: 'teams/transit', key: 'sallyport', namespace: 'ns1' })
  services.push(service)
  const vaultTransit = { address: `${service.url}/`, key: 'sallyport', mount: 'teams/transit', namespace: 'ns1' }
  const secrets = { ...noSecrets, vaultToken: new Secret('hvs.token') }
  return {
    service,
    settings: { provider: 'vault-transit', deployment: 'prod', vaultTransit },
    host: hostOf({ secrets }),
  }
}

describe.each([
  ['aws-kms', kms, 'GenerateDataKey'],
  ['vault-transit', transit, '/v1/teams/transit/encrypt/sallyport'],
])('%s', (_name, start, generate) => {
  test('makes one key at the first start, keeps it wrapped, and opens it again', async () => {
    const { service, settings, host } = await start()
    const [first, second] = await Promise.all([openVault(settings, host), openVault(settings, host)])
    const sealed = first.vault.seal('secret', context)
    expect(second.vault.open(sealed, context)).toBe('secret')
    const later = await openVault(settings, host)
    expect(later.vault.open(sealed, context)).toBe('secret')
    const [key] = await later.provider.load()
    const stored = (await storage.sealed.get(wrappedKeysName)) ?? ''
    expect(stored).toContain(key.id)
    expect(stored).not.toContain(key.bytes.toString('base64'))
    expect(service.requests.filter(({ action }) => action === generate).length).toBeLessThanOrEqual(2)
    expect(JSON.stringify(service.requests.map(({ body }) => body))).not.toContain('hvs.token')
  })

  test('a new key is known before it is used, and the former one goes on opening', async () => {
    const { settings, host } = await start()
    const { vault, provider } = await openVault(settings, host)
    const sealed = vault.seal('secret', context)
    const [before] = vault.keyIds
    const seen: string[][] = []
    const keys = await provider.rotate(async () => {
      const other = await openVault(settings, host, { sealsNothing: true })
      seen.push([...other.vault.keyIds])
    })
    const [after] = keys
    expect(after.id).not.toBe(before)
    expect(seen).toEqual([
      [before, after.id],
      [after.id, before],
    ])
    expect((await openVault(settings, host)).vault.open(sealed, context)).toBe('secret')
  })

  test('a rotation that died before the key was used goes on with the same key', async () => {
    const { settings, host } = await start()
    const { provider } = await openVault(settings, host)
    await expect(provider.rotate(() => Promise.reject(new Error('killed')))).rejects.toThrow('killed')
    const pending = (await provider.load()).map(({ id }) => id)
    expect(pending).toHaveLength(2)
    const finished = (await provider.rotate(async () => undefined)).map(({ id }) => id)
    expect(finished).toEqual(pending.toReversed())
  })

  test('keys of before the service was used go on opening, so that a rotation can move to it', async () => {
    const before = await openVault({ provider: 'local', deployment: 'prod' }, hostOf({ createKeyFile: true }))
    const sealed = before.vault.seal('secret', context)
    const { settings, host } = await start()
    const { vault } = await openVault(settings, host)
    expect(vault.open(sealed, context)).toBe('secret')
    expect(vault.seal('x', context)).not.toContain(`v1.${before.vault.keyIds[0]}.`)
    rmSync(keyFile)
    await expect(openVault(settings, host)).rejects.toThrow(`sealed under the vault key "${before.vault.keyIds[0]}"`)
  })

  test('what it wrapped for one deployment does not open in another', async () => {
    const { settings, host } = await start()
    await openVault(settings, host)
    await expect(openVault({ ...settings, deployment: 'staging' }, host)).rejects.toThrow(/was refused with 400/)
  })

  test('a wrapped key under the id of another does not open', async () => {
    const { settings, host } = await start()
    const { provider } = await openVault(settings, host)
    await provider.rotate(async () => undefined)
    const stored = (await storage.sealed.get(wrappedKeysName)) ?? ''
    const state = JSON.parse(stored) as { active: string; keys: { id: string; wrapped: string }[] }
    const [one, two] = state.keys
    if (one === undefined || two === undefined) throw new Error('there are not two keys')
    const swapped = {
      ...state,
      keys: [
        { ...one, wrapped: two.wrapped },
        { ...two, wrapped: one.wrapped },
      ],
    }
    await storage.sealed.replace(wrappedKeysName, stored, JSON.stringify(swapped))
    await expect(openVault(settings, host)).rejects.toThrow(/was refused with 400/)
  })

  test.each([
    [{ status: 503, body: '<html>' }, /was refused with 503\.$/],
    [{ status: 200, body: '{}' }, /the answer has no "/],
    [{ status: 302, body: '{}' }, /was refused with 302/],
    [{ status: 200, body: `"${'x'.repeat(100_000)}"` }, /larger than 65536 bytes/],
  ])('an answer %# is an error that names the service, and the store stays as it is', async (answer, expected) => {
    const { service, settings, host } = await start()
    service.breakWith(answer)
    await expect(openVault(settings, host)).rejects.toThrow(expected)
    expect(await storage.sealed.list()).toEqual([])
  })

  test('a service that cannot be reached is named', async () => {
    const { service, settings, host } = await start()
    await service.close()
    await expect(openVault(settings, host)).rejects.toThrow(`${new URL(service.url).host} does not answer`)
  })

  test('is not called without encryption, except on loopback in development', async () => {
    const { service, settings, host } = await start()
    await expect(openVault(settings, { ...host, allowLoopbackHttp: false })).rejects.toThrow(/https only/)
    const call = createCallKms({ allowLoopbackHttp: true })
    await expect(call('http://kms.example/', { headers: {}, body: '{}' })).rejects.toThrow(/https only/)
    expect(service.requests).toEqual([])
  })

  test('says which variables it needs', async () => {
    const { settings, host } = await start()
    await expect(openVault(settings, { ...host, secrets: noSecrets })).rejects.toThrow(/Set (both|VAULT_TOKEN)\.$/)
  })
})

describe('aws-kms', () => {
  test('binds every key to deployment, purpose and id, and signs with what the environment says', async () => {
    const { service, settings, host } = await kms()
    const { vault, provider } = await openVault(settings, host)
    await openVault(settings, host)
    expect(service.requests.map(({ action }) => action)).toEqual(['GenerateDataKey', 'Decrypt'])
    for (const { body, headers } of service.requests) {
      const EncryptionContext = { purpose: 'sallyport-vault-key', deployment: 'prod', key: vault.keyIds[0] }
      expect(body).toMatchObject({ KeyId: 'alias/sallyport', EncryptionContext })
      expect(headers['content-type']).toBe('application/x-amz-json-1.1')
    }
    expect(provider.source).toBe('AWS KMS')
  })

  test('a wrong secret key is the refusal of AWS, without the key', async () => {
    const { settings, host } = await kms()
    const secrets = { ...awsSecrets, awsSecretAccessKey: new Secret('wrong-secret') }
    const error = await openVault(settings, { ...host, secrets }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(VaultKeyError)
    expect(String(error)).toContain('InvalidSignatureException the signature does not match')
    expect(String(error)).not.toContain('wrong-secret')
  })
})

describe('local', () => {
  const settings: KeyProviderSettings = { provider: 'local', deployment: 'prod' }

  test('a file that others may read is warned about', async () => {
    writeFileSync(keyFile, `k1:${Buffer.alloc(32, 1).toString('base64')}`, { mode: 0o600 })
    await openKeyProvider(settings, hostOf())
    expect(warnings).toEqual([])
    chmodSync(keyFile, 0o640)
    await openKeyProvider(settings, hostOf())
    expect(warnings).toEqual([`others may read the vault keys at ${keyFile}; run: chmod 600 ${keyFile}`])
  })

  test('a file that was lost is not made anew, for the secrets would be lost with it', async () => {
    const { vault } = await openVault(settings, hostOf({ createKeyFile: true }))
    rmSync(keyFile)
    const before = await storage.sealed.list()
    for (const createKeyFile of [true, false]) {
      const lost = openVault(settings, hostOf({ createKeyFile }))
      await expect(lost).rejects.toThrow(`the store has secrets sealed under ${vault.keyIds[0]}. Put the file back`)
    }
    expect(existsSync(keyFile)).toBe(false)
    expect(await storage.sealed.list()).toEqual(before)
  })

  test('another key under the same id, and a missing one, are errors that say what to do', async () => {
    const keys = (id: string, byte: number) => new Secret(`${id}:${Buffer.alloc(32, byte).toString('base64')}`)
    const open = (localKeys: Secret) => openVault(settings, hostOf({ secrets: { ...noSecrets, localKeys } }))
    await open(keys('k1', 1))
    const before = await storage.sealed.list()
    await expect(open(keys('k1', 2))).rejects.toThrow('"k1" of SALLYPORT_VAULT_KEYS is not the one that sealed')
    await expect(open(keys('k2', 1))).rejects.toThrow('sealed under the vault key "k1", which is not among the keys')
    expect(await storage.sealed.list()).toEqual(before)
    await open(new Secret(`${keys('k2', 2).reveal()},${keys('k1', 1).reveal()}`))
    await expect(open(keys('k1', 1))).rejects.toThrow('sealed under the vault key "k2"')
  })

  test('keys in the environment are the operator’s to change', async () => {
    const localKeys = new Secret(`k1:${Buffer.alloc(32, 1).toString('base64')}`)
    const { provider } = await openVault(settings, hostOf({ secrets: { ...noSecrets, localKeys } }))
    await expect(provider.rotate(async () => undefined)).rejects.toThrow('Put a new key in front of the list there')
  })
})
