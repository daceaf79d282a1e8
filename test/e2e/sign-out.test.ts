import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildAuthorization, registerClient } from '../harness/authorization-server.ts'
import { type BrowserAnswer, openBrowser, readFormToken } from '../harness/browser-login.ts'
import { mustSignIn } from '../harness/federated-login.ts'
import { type FederatedServer, startFederatedServer } from '../harness/federated-server.ts'

let federated: FederatedServer
beforeAll(async () => {
  federated = await startFederatedServer()
})
afterAll(() => federated.close())

/** Signs ada in and out again in a browser of her own. */
async function signInAndOut(meanwhile: () => Promise<void> = async () => {}): Promise<BrowserAnswer> {
  const { running, idp } = federated
  const browser = openBrowser()
  const clientId = String((await registerClient(running.url)).body['client_id'])
  await mustSignIn(buildAuthorization(running.url, clientId).url, idp.issuer, { name: 'ada', browser })
  const page = await browser.get(`${running.url}/oauth/sign-out`)
  expect(page.text).toContain('<strong>Ada Lovelace (ada@example.com)</strong>')
  await meanwhile()
  return browser.post(page.url, { form_token: readFormToken(page) })
}

test('after signing out people may sign out at the identity provider too', async () => {
  const done = await signInAndOut()
  const link = /<a href="([^"]+)">sign out there too/.exec(done.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  expect(new URL(link).origin).toBe(federated.idp.issuer)
  expect(new URL(link).searchParams.get('client_id')).toBe('gateway')
  expect((await openBrowser().get(link)).status).toBe(200)
})

test('signing out works while the identity provider does not', async () => {
  // Another one to the gateway, which has read nothing of it.
  const done = await signInAndOut(async () => {
    federated.configure({ issuer: `${federated.idp.issuer}/elsewhere` })
    await federated.idp.setBroken(true)
  })
  expect(done.status).toBe(200)
  expect(done.text).toContain('You are signed out')
  expect(done.text).not.toContain('sign out there too')
  expect(federated.running.events.at(-1)).toMatchObject({ type: 'auth_signed_out', outcome: 'success' })
})
