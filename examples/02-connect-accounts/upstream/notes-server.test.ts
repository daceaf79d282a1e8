import { createHash } from 'node:crypto'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningNotes, startNotes } from './notes-server.ts'

const redirectUri = 'http://127.0.0.1:53683/callback'
const verifier = 'a-verifier-that-is-long-enough-to-be-one-of-rfc-7636'
const challenge = createHash('sha256').update(verifier).digest('base64url')

let notes: RunningNotes
let clientId: string
beforeAll(async () => {
  notes = await startNotes({ port: 0 })
  const metadata = { client_name: '<b>Test</b>', redirect_uris: [redirectUri] }
  const answer = await send('/register', JSON.stringify(metadata), { 'content-type': 'application/json' })
  clientId = (JSON.parse(answer.text) as { client_id: string }).client_id
})
afterAll(() => notes.close())

async function send(path: string, body?: string, headers: { [name: string]: string } = {}) {
  const answer = await request(`${notes.origin}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    body: body ?? null,
  })
  return { status: answer.statusCode, location: String(answer.headers['location']), text: await answer.body.text() }
}

const form = (members: { [name: string]: string }) => new URLSearchParams(members).toString()
const authorizePath = (changes: { [name: string]: string } = {}) =>
  `/authorize?${form({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    resource: notes.url,
    state: 'state-1',
    ...changes,
  })}`

async function obtainCode(account = 'ada'): Promise<string> {
  const { location } = await send(authorizePath(), form({ name: account }))
  return new URL(location).searchParams.get('code') ?? ''
}

async function askToken(members: { [name: string]: string }) {
  const { status, text } = await send('/token', form({ client_id: clientId, resource: notes.url, ...members }))
  return { status, ...(JSON.parse(text) as { error?: string; access_token?: string; refresh_token?: string }) }
}

const redeem = (code: string, changes: { [name: string]: string } = {}) =>
  askToken({ grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri, ...changes })
const refresh = (token = '') => askToken({ grant_type: 'refresh_token', refresh_token: token })

describe('authorization', () => {
  it('names the client without believing its markup, and answers with state and issuer', async () => {
    expect((await send(authorizePath())).text).toContain('May &#60;b&#62;Test'.slice(4))
    const answer = new URL((await send(authorizePath(), form({ name: 'ada' }))).location).searchParams
    expect(answer.get('iss')).toBe(notes.origin)
    expect(answer.get('state')).toBe('state-1')
  })

  it('sends nobody to an address that was not registered', async () => {
    expect(await send(authorizePath({ redirect_uri: 'http://127.0.0.1:1/elsewhere' }))).toMatchObject({ status: 400 })
  })

  it.each([
    ['code_challenge_method', 'plain', 'invalid_request'],
    ['code_challenge', '', 'invalid_request'],
    ['resource', 'https://other.example/mcp', 'invalid_target'],
    ['response_type', 'token', 'unsupported_response_type'],
  ])('refuses %s=%s with %s', async (name, value, error) => {
    const { location } = await send(authorizePath({ [name]: value }))
    expect(new URL(location).searchParams.get('error')).toBe(error)
  })
})

describe('tokens', () => {
  it('are given once for a code, to whom has its verifier', async () => {
    expect(await redeem(await obtainCode(), { code_verifier: 'another' })).toMatchObject({ error: 'invalid_grant' })
    const code = await obtainCode()
    expect(await redeem(code)).toMatchObject({ status: 200, access_token: expect.any(String) })
    expect(await redeem(code)).toMatchObject({ status: 400, error: 'invalid_grant' })
  })

  it('rotate, and a refresh token that comes twice ends the grant', async () => {
    const first = await redeem(await obtainCode())
    const second = await refresh(first.refresh_token)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(await refresh(first.refresh_token)).toMatchObject({ error: 'invalid_grant' })
    expect(await refresh(second.refresh_token)).toMatchObject({ error: 'invalid_grant' })
  })

  it('end when they are revoked', async () => {
    const { refresh_token = '' } = await redeem(await obtainCode())
    await send('/revoke', form({ token: refresh_token, client_id: clientId }))
    expect(await refresh(refresh_token)).toMatchObject({ error: 'invalid_grant' })
  })
})

it('answers callers on this machine only, and pages of it only', async () => {
  expect(await send('/', undefined, { host: 'evil.example' })).toMatchObject({ status: 403 })
  expect(await send('/grants/1/disconnect', '', { origin: 'https://evil.example' })).toMatchObject({ status: 403 })
  expect(await send('/register', 'x'.repeat(100_000))).toMatchObject({ status: 413 })
  expect(await send('/register', '[]', { 'content-type': 'application/json' })).toMatchObject({ status: 400 })
})
