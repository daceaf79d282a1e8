import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadServerKeys, rotateServerKeys, type ServerKeys } from '../../src/oauth/authorization-server/signing-keys.ts'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  refresh,
  registerClient,
  startAuthorizationServer,
  testVault,
} from '../harness/authorization-server.ts'
import { type Browser, completeSignIn, openBrowser, openPage, readFormToken } from '../harness/browser-login.ts'
import { expectRefusal } from '../harness/refusal.ts'

// Whoever has the keys of the server can make cookies and forms. Discarding them ends that at once, in a gateway that runs.
let running: RunningAuthorizationServer
let clientId: string
let leaked: ServerKeys
let victim: Browser
beforeEach(async () => {
  running = await startAuthorizationServer()
  clientId = String((await registerClient(running.url)).body['client_id'])
  leaked = await loadServerKeys(running.storage.sealed, testVault)
  victim = openBrowser()
})
afterEach(() => running.close())

async function rotate(discardFormer: boolean): Promise<void> {
  await rotateServerKeys(running.storage.sealed, testVault, { discardFormer })
  await running.server.reloadKeys()
}

/** A person who is signed in, at a consent page. */
async function reachConsent() {
  await completeSignIn(buildAuthorization(running.url, clientId).url, { subject: 'ada', browser: victim })
  return openPage(victim, buildAuthorization(running.url, clientId).url)
}

const forgeForm = (page: URL) =>
  createHmac('sha256', leaked.forms)
    .update(page.pathname.split('/').at(-1) ?? '')
    .digest('base64url')

test('a form made with a leaked key is as good as ours until the keys are discarded', async () => {
  const page = await reachConsent()
  expect(forgeForm(page.url)).toBe(readFormToken(page))
  await rotate(false)
  const other = await openPage(victim, page.url)
  expect(readFormToken(other)).not.toBe(forgeForm(page.url))
  // A page that was open while the keys were rotated still counts: the price of signing nobody out.
  expect((await victim.post(page.url, { form_token: forgeForm(page.url), decision: 'refuse' })).status).toBe(303)
})

test('a form made with a discarded key is refused', async () => {
  await rotate(true)
  const page = await reachConsent()
  const answer = await victim.post(page.url, { form_token: forgeForm(page.url), decision: 'allow' })
  expectRefusal(running.events, answer, { status: 403, reason: 'grant_expired' })
  expect((await victim.post(page.url, { form_token: readFormToken(page), decision: 'allow' })).status).toBe(303)
})

test('a cookie signed with a discarded key is nobody, and the sign-in page that is open must be begun again', async () => {
  const page = await reachConsent()
  await rotate(true)
  const answer = await victim.post(page.url, { form_token: readFormToken(page), decision: 'allow' })
  expectRefusal(running.events, answer, { status: 403, reason: 'grant_expired' })
  const again = await openPage(victim, buildAuthorization(running.url, clientId).url)
  expect(again.url.pathname).toContain('/dev-login/')
})

test('keys that are rotated sign nobody out, and what was begun before goes on', async () => {
  const request = buildAuthorization(running.url, clientId)
  await reachConsent()
  const page = await openPage(victim, request.url)
  await rotate(false)
  await rotate(false)
  const allowed = await victim.post(page.url, { form_token: readFormToken(page), decision: 'allow' })
  const redirect = await completeSignIn(allowed.location ?? '', { subject: 'ada', browser: victim })
  const tokens = await redeemCode(running.url, request, redirect)
  expect(tokens.status).toBe(200)
  // The session too: nobody is asked who they are.
  expect((await openPage(victim, buildAuthorization(running.url, clientId).url)).text).toContain('<strong>ada</strong>')
  await rotate(true)
  expect((await refresh(running.url, clientId, tokens.body['refresh_token'])).status).toBe(200)
  expect(await running.server.verifier.verify(String(tokens.body['access_token']))).toBeTypeOf('object')
})

test('keys that are rotated sign nobody out, whichever of several gateways reads them first', async () => {
  const second = await running.startSecond()
  try {
    const resource = `${running.url}/mcp/tracker`
    await openPage(openBrowser(), buildAuthorization(second.url, clientId, { resource }).url)
    const told: string[] = []
    const tell = async (kid: string) => {
      told.push(kid)
      await Promise.all([running.server.reloadKeys(), second.server.reloadKeys()])
    }
    expect(await rotateServerKeys(running.storage.sealed, testVault, { tell })).toBe(told[0])
    // One of them signs with the new keys already; the other one has not looked again.
    await running.server.reloadKeys()
    const page = await reachConsent()
    const elsewhere = `${second.url}${page.url.pathname}`
    expect((await victim.get(elsewhere)).text).toContain('<strong>ada</strong>')
    const form = { form_token: readFormToken(page), decision: 'refuse' }
    expect((await victim.post(elsewhere, form, { origin: running.url })).status).toBe(303)
  } finally {
    await second.close()
  }
})

test('keys that cannot be read leave the former ones in use', async () => {
  const page = await reachConsent()
  const name = 'authorization-server-keys'
  const stored = (await running.storage.sealed.get(name)) ?? ''
  await running.storage.sealed.replace(name, stored, 'sealed under a key that this gateway does not have')
  await running.server.reloadKeys()
  expect((await victim.post(page.url, { form_token: readFormToken(page), decision: 'refuse' })).status).toBe(303)
})
