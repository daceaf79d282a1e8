import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createProject } from '../../test/harness/write-project.ts'
import { loadOrCreateKeyFile } from '../credentials/keys.ts'
import { findVaultProblems } from './find-vault-problems.ts'
import { withStore } from './open-store.ts'

let directory: string
let keyFile: string
beforeEach(async () => {
  directory = await createProject({ servers: {} })
  keyFile = join(directory, 'data/vault.keys')
})
afterEach(() => rmSync(directory, { recursive: true }))

const messages = async () =>
  (await findVaultProblems(directory)).map(({ severity, message }) => `${severity}: ${message}`)

test('keys that are missing are an error, and nothing is made', async () => {
  expect(await messages()).toEqual([expect.stringContaining('error: There are no vault keys at')])
  expect(existsSync(join(directory, 'data'))).toBe(false)
})

test('keys that fit the store, or a store that is new, are fine', async () => {
  loadOrCreateKeyFile(keyFile, { create: true })
  expect(await messages()).toEqual([])
  await withStore(directory, ({ openVault }) => openVault())
  expect(await messages()).toEqual([])
})

test('another key than the store needs is an error; a file that others may read is a warning', async () => {
  loadOrCreateKeyFile(keyFile, { create: true })
  const before = await withStore(directory, async ({ openVault, storage }) => {
    await openVault()
    return storage.sealed.list()
  })
  writeFileSync(keyFile, `k1:${Buffer.alloc(32, 1).toString('base64')}`)
  chmodSync(keyFile, 0o644)
  expect(await messages()).toEqual([
    expect.stringContaining('warning: others may read the vault keys'),
    expect.stringContaining('error: The store has secrets sealed under the vault key'),
  ])
  expect(await withStore(directory, ({ storage }) => storage.sealed.list())).toEqual(before)
})
