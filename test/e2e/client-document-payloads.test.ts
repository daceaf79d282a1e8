import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFetchDocument } from '../../src/http/fetch-document.ts'
import { clientDocuments } from '../fixtures/client-documents.ts'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  refresh,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { completeSignIn } from '../harness/browser-login.ts'
import { type DocumentServer, serveDocuments, testCertificate } from '../harness/document-server.ts'

let site: DocumentServer
let running: RunningAuthorizationServer
const idOf = (path: string) => `https://client.example:${site.port}${path}`

beforeAll(async () => {
  site = await serveDocuments((request, response) => {
    const shape = Object.values(clientDocuments).find(({ path }) => path === request.url)
    const headers = { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' }
    if (!shape) response.writeHead(404, headers).end('{}')
    else response.writeHead(200, headers).end(JSON.stringify({ client_id: idOf(shape.path), ...shape.members }))
  })
  const fetchDocument = createFetchDocument({
    lookup: (_name, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    certificateAuthority: testCertificate,
    allowAddress: (address) => address === '127.0.0.1',
  })
  running = await startAuthorizationServer({ fetchDocument })
})
afterAll(async () => {
  await running.close()
  await site.close()
})

it.each(Object.entries(clientDocuments))(
  '%s signs in by its document from any port and refreshes',
  async (_, shape) => {
    const clientId = idOf(shape.path)
    const asked = buildAuthorization(running.url, clientId, { redirect_uri: shape.redirectUri, ...shape.authorize })
    const redirect = await completeSignIn(asked.url, { subject: 'ada' })
    expect(redirect.href.startsWith(`${shape.redirectUri}?`)).toBe(true)
    const resource = `${running.url}/mcp/tracker`
    const tokens = await redeemCode(running.url, asked, redirect, { resource })
    expect(tokens.body).toMatchObject({ token_type: 'Bearer', scope: 'mcp:tools' })
    const refreshed = await refresh(running.url, clientId, tokens.body['refresh_token'], { resource, ...shape.refresh })
    expect(refreshed.status).toBe(200)
    expect(await running.server.verifier.verify(String(refreshed.body['access_token']))).toMatchObject({
      subject: { id: 'ada', clientId },
      audience: [resource],
    })
    expect(site.requests).toContain(shape.path)
  },
)
