import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, setGlobalDispatcher } from 'undici'
import { expect, it, onTestFinished } from 'vitest'
import { buildAuthorization, redeemCode, registerClient } from '../harness/authorization-server.ts'
import { testCertificate } from '../harness/document-server.ts'
import { mustSignIn } from '../harness/federated-login.ts'
import { people } from '../harness/federated-server.ts'
import { idpClientSecret, startIdentityProvider } from '../harness/identity-provider.ts'
import { refreshTokens, revokeToken } from '../harness/obtain-token.ts'
import { postModern } from '../harness/post-message.ts'
import { startWorkers } from '../harness/start-workers.ts'
import { openStdioClient } from '../harness/stdio-client.ts'
import { startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signInAt } from '../harness/write-project.ts'

const publicUrl = 'https://gateway.example'
const twice = [0, 1, 2, 3, 4, 5]

/** An identity provider on https, and what makes gateway and test trust it. */
async function startTrustedProvider() {
  const idp = await startIdentityProvider(people, 'https')
  onTestFinished(() => idp.stop())
  await idp.configure({ redirectUri: `${publicUrl}/oauth/callback` })
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-authority-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const authority = join(directory, 'authority.pem')
  await writeFile(authority, testCertificate)
  return { idp, environment: { NODE_EXTRA_CA_CERTS: authority } }
}

it('a sign-in goes through all workers, and so does its end', async () => {
  const upstream = await startModernUpstream()
  onTestFinished(() => upstream.close())
  const { idp, environment } = await startTrustedProvider()
  const project = {
    servers: { scripted: { upstream: upstream.url, inbound: ['sign-in'] } },
    policies: signInAt(idp.issuer, idpClientSecret),
  }
  const gateway = await startWorkers(project, { environment })
  setGlobalDispatcher(new Agent({ pipelining: 0, connect: { ca: testCertificate } }))
  const { origin } = gateway
  const clientId = String((await registerClient(origin)).body.client_id)
  const asked = buildAuthorization(origin, clientId, { resource: `${publicUrl}/mcp/scripted` })
  // TLS ends in front of the gateway.
  const onRedirect = (url: URL) => (url.origin === publicUrl ? new URL(url.pathname + url.search, origin) : url)
  const redirect = await mustSignIn(asked.url, idp.issuer, { name: 'ada', origin: publicUrl, onRedirect })

  const answers = await Promise.all([0, 1, 2].map(() => redeemCode(origin, asked, redirect)))
  const redeemed = answers.filter(({ status }) => status === 200)
  expect(redeemed.length).toBeLessThanOrEqual(1)
  expect(answers.filter(({ status }) => status === 400)).toHaveLength(3 - redeemed.length)

  // A code that was tried twice ends what was given for it, so another sign-in.
  const again = buildAuthorization(origin, clientId, { resource: `${publicUrl}/mcp/scripted` })
  const second = await mustSignIn(again.url, idp.issuer, { name: 'ada', origin: publicUrl, onRedirect })
  const tokens = (await redeemCode(origin, again, second)).body
  const refreshed = await refreshTokens(origin, clientId, String(tokens.refresh_token))
  const list = (token: string) => postModern(gateway.server('scripted'), token, 'tools/list')
  for (const _ of twice) {
    expect((await list(String(tokens.access_token))).status).toBe(200)
    expect((await list(refreshed.accessToken)).status).toBe(200)
  }

  const streams: { isOver: boolean }[] = []
  for (const _ of [0, 1, 2]) {
    const client = await openStdioClient(gateway.server('scripted'), refreshed.accessToken)
    const stream = { isOver: false }
    void (await client.listen(() => undefined)).ended.then(() => {
      stream.isOver = true
    })
    streams.push(stream)
  }
  await revokeToken(origin, clientId, refreshed.refreshToken ?? '')
  await waitUntil('all streams are over', () => streams.every(({ isOver }) => isOver), 5_000)
  for (const _ of twice) expect((await list(refreshed.accessToken)).status).toBe(401)
  expect(await gateway.stop()).toBe(0)
}, 60_000)
