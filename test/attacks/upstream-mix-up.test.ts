import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ScriptedSite, scriptResource, scriptServer, serveScript } from '../harness/scripted-upstream.ts'
import {
  answerWith,
  beginAt,
  describeOAuthUpstream,
  openOAuthClient,
  type TestOAuthClient,
} from '../harness/upstream-oauth-client.ts'

let client: TestOAuthClient
let site: ScriptedSite
let evil: ScriptedSite

beforeEach(async () => {
  ;[client, site, evil] = await Promise.all([openOAuthClient(), serveScript(), serveScript()])
  scriptResource(site, [site.origin])
  scriptServer(evil)
})
afterEach(() => Promise.all([client.close(), site.close(), evil.close()]))

/** RFC 9207 §2.4, and what a gateway does besides. */
async function finishWith(sendsIssuer: boolean, parameters: (origin: string) => string): Promise<unknown> {
  scriptServer(site, { authorization_response_iss_parameter_supported: sendsIssuer })
  const upstream = describeOAuthUpstream(`${site.origin}/mcp`)
  const { pending } = await beginAt(client, upstream)
  const answer = new URLSearchParams(`${parameters(site.origin)}&state=${pending.state}`)
  return client.authorization.finish(upstream, 'default', answer, pending)
}

describe('an answer with a code', () => {
  test.each<[string, boolean, (origin: string) => string]>([
    ['iss announced and right', true, (origin) => `code=c&iss=${origin}`],
    ['iss not announced, and right', false, (origin) => `code=c&iss=${origin}`],
    ['no iss, and none announced', false, () => 'code=c'],
  ])('is redeemed: %s', async (_, announced, parameters) => {
    await expect(finishWith(announced, parameters)).resolves.toMatchObject({ accessToken: 'access-1' })
  })

  test.each<[string, boolean, (origin: string) => string]>([
    ['iss announced and absent', true, () => 'code=c'],
    ['iss announced and of another server', true, () => `code=c&iss=${evil.origin}`],
    ['iss not announced, and of another server', false, () => `code=c&iss=${evil.origin}`],
    ['iss with a slash at its end', true, (origin) => `code=c&iss=${origin}/`],
    ['iss in upper case', true, (origin) => `code=c&iss=${origin.toUpperCase()}`],
    ['iss empty', false, () => 'code=c&iss='],
    ['iss twice, once right', true, (origin) => `code=c&iss=${origin}&iss=${evil.origin}`],
  ])('is not redeemed: %s', async (_, announced, parameters) => {
    await expect(finishWith(announced, parameters)).rejects.toMatchObject({ reason: 'credential_issuer_mismatch' })
    expect([...site.to('/token'), ...evil.to('/token')]).toEqual([])
  })
})

test('what an answer of another server says is not repeated', async () => {
  const parameters = () => `error=access_denied&error_description=call+0900-EVIL&iss=${evil.origin}`
  const refused: unknown = await finishWith(true, parameters).catch((error: unknown) => error)
  expect(refused).toMatchObject({ reason: 'credential_issuer_mismatch' })
  expect(JSON.stringify(refused)).not.toMatch(/EVIL|access_denied/)
})

test('a code goes to the server that was asked, even when the upstream names another one meanwhile', async () => {
  scriptServer(site)
  const upstream = describeOAuthUpstream(`${site.origin}/mcp`)
  const { pending } = await beginAt(client, upstream)
  scriptResource(site, [evil.origin])
  client.discovery.forget(upstream)
  await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
  expect(site.to('/token')).toHaveLength(1)
  expect(evil.requests).toEqual([])
})

test.each([
  ['of another sign-in', (state: string) => `code=c&state=${state}x`],
  ['that is absent', () => 'code=c'],
  ['twice', (state: string) => `code=c&state=${state}&state=${state}`],
])('a state %s is refused', async (_, query) => {
  scriptServer(site)
  const upstream = describeOAuthUpstream(`${site.origin}/mcp`)
  const { pending } = await beginAt(client, upstream)
  const finished = client.authorization.finish(upstream, 'default', new URLSearchParams(query(pending.state)), pending)
  await expect(finished).rejects.toMatchObject({ reason: 'connection_link_invalid' })
  expect(site.to('/token')).toEqual([])
})

test('two codes in one answer are not redeemed', async () => {
  await expect(finishWith(false, () => 'code=mine&code=theirs')).rejects.toMatchObject({
    reason: 'credential_response_invalid',
  })
  expect(site.to('/token')).toEqual([])
})
