import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { vaultKeys } from '../../test/harness/open-brokers.ts'
import type { Storage } from '../contracts/storage.ts'
import { openStorage } from '../storage/sqlite/open-storage.ts'
import { readConnectRequest } from './connect/connection-paths.ts'
import { type ConnectTickets, connectUrl, loadConnectTickets } from './connect-ticket.ts'
import { createVault } from './vault.ts'

let directory: string
let storage: Storage
let tickets: ConnectTickets
let now = 0
beforeEach(async () => {
  now = 1_000_000
  directory = mkdtempSync(join(tmpdir(), 'tickets-'))
  storage = await openStorage(directory)
  tickets = await loadConnectTickets(storage.sealed, createVault(vaultKeys), () => now)
})
afterEach(async () => {
  await storage.close()
  rmSync(directory, { recursive: true })
})

const request = { tenant: 'default', upstream: 'tracker', owner: 'subject:https://idp.example|ada' }

test('a ticket says who may connect what, in every process of the store, for ten minutes', async () => {
  const text = tickets.create({ ...request, virtualServer: 'tracker-mcp', scopes: ['write'] })
  const elsewhere = await loadConnectTickets(storage.sealed, createVault(vaultKeys), () => now)
  const ticket = elsewhere.open(text, 'tracker')
  expect(ticket).toEqual({
    ...request,
    id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    virtualServer: 'tracker-mcp',
    scopes: ['write'],
    expiresAtMs: now + 600_000,
  })
  now += 599_999
  expect(tickets.open(text, 'tracker')).toEqual(ticket)
  now += 1
  expect(tickets.open(text, 'tracker')).toBeUndefined()
})

test('a link with as many scopes as a step-up may ask for is read to the end', () => {
  const scopes = Array.from({ length: 100 }, (_, index) => `scope:${index}`.padEnd(19, '.'))
  const text = tickets.create({ ...request, virtualServer: 'tracker-mcp'.padEnd(200, '-'), scopes })
  const { searchParams } = new URL(connectUrl({ publicUrl: 'https://gw.example', basePath: '' }, 'tracker', text))
  expect(tickets.open(readConnectRequest(searchParams, '').ticket ?? '', 'tracker')?.scopes).toEqual(scopes)
})

test('one without a call asks for nothing special; no two are the same', () => {
  const [left, right] = [tickets.create(request), tickets.create(request)].map((text) => tickets.open(text, 'tracker'))
  expect(left).toMatchObject({ ...request, virtualServer: undefined, scopes: [] })
  expect(left?.id).not.toBe(right?.id)
})

test('a ticket of another upstream or key, altered, or no ticket at all, is none', async () => {
  const text = tickets.create(request)
  expect(tickets.open(text, 'notes')).toBeUndefined()
  for (const at of [0, 20, 40, text.length - 2]) {
    const other = text[at] === 'A' ? 'B' : 'A'
    expect(tickets.open(text.slice(0, at) + other + text.slice(at + 1), 'tracker')).toBeUndefined()
  }
  for (const garbage of ['', 'x', '{}', text.slice(0, 30), `${text}AAAA`]) {
    expect(tickets.open(garbage, 'tracker')).toBeUndefined()
  }
  const otherStore = await openStorage(join(directory, 'other'))
  const foreign = await loadConnectTickets(otherStore.sealed, createVault(vaultKeys), () => now)
  expect(tickets.open(foreign.create(request), 'tracker')).toBeUndefined()
  await otherStore.close()
})

test('a link carries nothing readable besides the upstream', () => {
  const url = connectUrl({ publicUrl: 'https://g.example', basePath: '/p' }, 'tracker', tickets.create(request))
  expect(url).toMatch(/^https:\/\/g\.example\/p\/auth\/connections\/tracker\/connect\?ticket=[\w-]+$/)
  expect(Buffer.from(url.split('=')[1] ?? '', 'base64url').toString('latin1')).not.toMatch(/ada|subject/)
})
