import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type RunningGateway, startGateway } from '../../src/gateway.ts'
import { completeSignIn } from '../../test/harness/browser-login.ts'
import { connectPerson, findConnectLink, followConnectLink } from '../../test/harness/connect-person.ts'
import { obtainToken } from '../../test/harness/obtain-token.ts'
import { callTool, postRaw } from '../../test/harness/post-message.ts'
import type { RealClient } from '../../test/harness/real-client.ts'
import { runCli } from '../../test/harness/run-cli.ts'
import { connectSdkV2, createSdkV2Memory } from '../../test/harness/sdk-v2-client.ts'
import { type RunningNotes, startNotes } from './upstream/notes-server.ts'

// The project as it is in this directory, except that every port is free and the store is temporary.
let directory: string
let notes: RunningNotes
let gateway: RunningGateway
let laterMs = 0

beforeAll(async () => {
  const now = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => now() + laterMs)
  notes = await startNotes({ port: 0 })
  directory = await mkdtemp(join(tmpdir(), 'connect-accounts-'))
  await cp(join(import.meta.dirname, 'config'), join(directory, 'config'), { recursive: true })
  await edit('config/routes.oas.json', 'http://127.0.0.1:9102/mcp', notes.url)
  const settings = { version: 1, listen: { port: 0 }, telemetry: { logLevel: 'error' } }
  await writeFile(join(directory, 'sallyport.jsonc'), JSON.stringify(settings))
  gateway = await startGateway({ projectDirectory: directory, mode: 'dev' })
})

afterAll(async () => {
  vi.restoreAllMocks()
  await gateway.close()
  await notes.close()
  await rm(directory, { recursive: true })
})

async function edit(file: string, before: string, after: string): Promise<void> {
  const path = join(directory, file)
  const written = await readFile(path, 'utf8')
  expect(written).toContain(before)
  await writeFile(path, written.replaceAll(before, after))
}

const server = (name: string) => `${gateway.publicUrl}/mcp/${name}`

/** A real client of this person, which shows links when `openLink` says what the person does with one. */
function connect(name: string, subject: string, openLink?: (url: string) => Promise<void>): Promise<RealClient> {
  const memory = createSdkV2Memory((url) => completeSignIn(url, { subject }))
  return connectSdkV2(server(name), { era: 'auto', memory, ...(openLink && { openLink }) })
}

/** What the person reads after a call by plain HTTP. */
async function call(name: string, subject: string, tool = 'whoami'): Promise<string> {
  const { accessToken } = await obtainToken(gateway.publicUrl, server(name), subject)
  return (await callTool(server(name), accessToken, tool)).text
}

/** Presses a button on the page of the upstream, in the row of this account. */
async function press(action: 'expire' | 'disconnect', account: string): Promise<void> {
  const home = await (await request(notes.origin)).body.text()
  const path = new RegExp(`<td>${account}</td><td>Sallyport.*?action="(/grants/\\w+/${action})"`).exec(home)?.[1]
  expect(path, home).toBeDefined()
  const answer = await request(`${notes.origin}${path}`, { method: 'POST' })
  expect(answer.statusCode).toBe(303)
  await answer.body.dump()
}

it('has no problems and no warnings', () => {
  expect(gateway.project.warnings).toEqual([])
  expect(gateway.project.virtualServers.map(({ name }) => name)).toEqual(['notes', 'notes-team', 'notes-key'])
})

it('wants a token of its own, and takes none of the gateway', async () => {
  const { accessToken } = await obtainToken(gateway.publicUrl, server('notes'))
  const refused = await postRaw(notes.url, '{}', { authorization: `Bearer ${accessToken}` })
  expect(refused.status).toBe(401)
  expect(refused.headers['www-authenticate']).toContain('resource_metadata=')
})

describe('notes: an account each', () => {
  it.each([
    ['ada', 'Bernoulli'],
    ['grace', 'moth'],
  ])('%s reads a link, connects, and sees notes of their own only', async (person, note) => {
    const client = await connect('notes', person)
    expect(await client.listTools()).toEqual(['connect_notes'])
    const refused = await client.callTool('list_notes', {})
    expect(refused.isError).toBe(true)
    await connectPerson(findConnectLink(refused.text) ?? '', { subject: person, account: person })
    expect(await client.listTools()).toEqual(['whoami', 'list_notes', 'add_note'])
    await client.callTool('add_note', { text: `written by ${person}` })
    const { text } = await client.callTool('list_notes', {})
    expect(text).toContain(note)
    expect(text.match(/written by \w+/g)).toEqual([`written by ${person}`])
    expect((await client.callTool('whoami', {})).text).toMatch(`an access token that ${person} gave to Sallyport`)
    await client.close()
  })

  it('a client that opens links waits while its person connects', async () => {
    const openLink = async (url: string) => void (await connectPerson(url, { subject: 'joan', account: 'ada' }))
    const client = await connect('notes', 'joan', openLink)
    expect((await client.callTool('list_notes', {})).text).toContain('Bernoulli')
    await client.close()
  })

  it('nobody notices that a token has expired, everybody that the account was disconnected', async () => {
    const person = { subject: 'hedy', account: 'team' }
    await connectPerson(findConnectLink(await call('notes', 'hedy')) ?? '', person)
    await press('expire', 'team')
    // Half a minute later: a new token that is refused at once is refused for another reason than its age.
    laterMs = 31_000
    expect(await call('notes', 'hedy')).toContain('You are team here.')
    expect(await (await request(notes.origin)).body.text()).toContain('refreshed 1 times')
    await press('disconnect', 'team')
    const refused = await call('notes', 'hedy')
    expect(refused).toContain('Connect Notes again')
    await connectPerson(findConnectLink(refused) ?? '', person)
    expect(await call('notes', 'hedy')).toContain('You are team here.')
  })

  it('says who refused when a person chooses no account', async () => {
    const link = findConnectLink(await call('notes', 'mary')) ?? ''
    const page = await followConnectLink(link, { subject: 'mary', account: '' })
    expect(page.status).toBe(403)
    expect(page.text).toContain('connection_refused')
  })
})

describe('notes-team: one account', () => {
  it('is connected by an administrator, for everybody', async () => {
    expect(await call('notes-team', 'ada')).toContain('An administrator has to connect')
    const made = await runCli('connections', 'connect', 'notes-team', directory, '--url', gateway.publicUrl)
    await connectPerson(made.out.trim(), { subject: 'ada', account: 'team' })
    for (const person of ['ada', 'grace']) expect(await call('notes-team', person, 'list_notes')).toContain('Cake')
  })
})

describe('notes-key: a key each', () => {
  it('is stored on a page, which refuses a wrong one', async () => {
    const link = findConnectLink(await call('notes-key', 'ada')) ?? ''
    const home = await (await request(notes.origin)).body.text()
    const key = /<td>ada<\/td>.*?<code>([^<]+)</.exec(home)?.[1] ?? ''
    expect((await followConnectLink(link, { subject: 'ada', key: 'not-a-key' })).text).toContain(
      'credential_key_rejected',
    )
    await connectPerson(`${gateway.publicUrl}/auth/connections/notes-key/connect`, { subject: 'ada', key })
    expect(await call('notes-key', 'ada')).toContain('the API key of ada')
    expect(findConnectLink(await call('notes-key', 'grace'))).toBeDefined()
  })
})

it('keeps what it was given sealed', async () => {
  const files = await readdir(join(directory, 'data'))
  const texts = await Promise.all(files.map((file) => readFile(join(directory, 'data', file), 'latin1')))
  expect(files).toContain('sallyport.db')
  expect(texts.join('')).toContain('notes-key')
  // Tokens and keys of the upstream say what they are.
  expect(/(?:access|refresh|key)_[\w-]{32}/.exec(texts.join(''))).toBeNull()
})

it('changes the mode of a route while it runs, and forgets no connection', async () => {
  await connectPerson(findConnectLink(await call('notes', 'kate')) ?? '', { subject: 'kate', account: 'grace' })
  const policies = join(directory, 'config/policies.json')
  const written = await readFile(policies, 'utf8')
  await edit('config/policies.json', '"authMode": "user-oauth"', '"authMode": "shared-oauth"')
  expect(await gateway.reload()).toMatchObject({ ok: true })
  expect(await call('notes', 'kate')).toContain('An administrator has to connect')
  await writeFile(policies, written)
  expect(await gateway.reload()).toMatchObject({ ok: true })
  expect(await call('notes', 'kate')).toContain('You are grace here.')
})
