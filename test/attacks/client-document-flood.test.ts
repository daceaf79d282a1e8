import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FetchDocument } from '../../src/http/fetch-document.ts'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { openBrowser, openPage } from '../harness/browser-login.ts'

let running: RunningAuthorizationServer
const fetched: string[] = []
const fetchDocument: FetchDocument = async (url) => {
  fetched.push(url)
  const document = { client_id: url, client_name: 'x', redirect_uris: ['http://127.0.0.1/callback'] }
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return { status: 200, headers, body: Buffer.from(JSON.stringify(document)) }
}
beforeAll(async () => {
  running = await startAuthorizationServer({
    fetchDocument,
    requestLimits: { document: { perAddress: 3, total: 10, windowSeconds: 600 } },
  })
})
afterAll(() => running.close())

const ask = (client: number) =>
  openPage(openBrowser(), buildAuthorization(running.url, `https://site.example/${client}`).url)

it('a site with endless client documents is fetched and stored so often and no more', async () => {
  for (let client = 0; client < 5; client++) await ask(client)
  const stopped = await ask(5)
  expect(stopped.text).toContain('limit_rate_exceeded')
  const event = running.events.findLast(({ requestId }) => requestId === stopped.headers['x-request-id'])
  expect(event).toMatchObject({ type: 'auth_token_rejected', reason: 'limit_rate_exceeded' })
  expect(fetched).toHaveLength(3)
  expect(await running.storage.oauth.count('ClientMetadataDocument')).toBe(3)
  // Clients that are known go on, also when their document is fetched anew.
  await running.restart()
  for (let client = 3; client < 6; client++) await ask(client)
  expect((await ask(0)).status).toBe(200)
})
