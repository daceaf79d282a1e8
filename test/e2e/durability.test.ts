import { rm } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  authorize,
  type ObtainedTokens,
  obtainToken,
  redeemCode,
  refreshTokens,
  registerClient,
} from '../harness/obtain-token.ts'
import { callTool } from '../harness/post-message.ts'
import { findFreePort, type SpawnedGateway, spawnGateway } from '../harness/spawn-gateway.ts'
import { startTestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { createProject, signIn, type TestProject } from '../harness/write-project.ts'

let upstream: EchoUpstream
beforeAll(async () => {
  upstream = await startEchoUpstream()
})
afterAll(() => upstream.close())

function project(port = 0): TestProject {
  return {
    settings: { listen: { port } },
    servers: { echo: { upstream: upstream.url, inbound: ['sign-in'] } },
    policies: signIn(),
  }
}

describe('a restart', () => {
  it('keeps every client signed in', async () => {
    const gateway = await startTestGateway(project())
    const server = gateway.server('echo')
    const tokens = await obtainToken(gateway.publicUrl, server)
    await gateway.restart()
    expect((await callTool(server, tokens.accessToken, 'echo')).status).toBe(200)
    const refreshed = await refreshTokens(gateway.publicUrl, tokens.clientId, tokens.refreshToken ?? '')
    expect((await callTool(server, refreshed.accessToken, 'echo')).status).toBe(200)
    await gateway.close()
  })

  it('leaves a code redeemable that was issued before it', async () => {
    const gateway = await startTestGateway(project())
    const server = gateway.server('echo')
    const clientId = await registerClient(gateway.publicUrl)
    const { code, verifier } = await authorize(gateway.publicUrl, server, clientId, 'ada')
    await gateway.restart()
    const tokens = await redeemCode(gateway.publicUrl, server, clientId, code, verifier)
    expect((await callTool(server, tokens.accessToken, 'echo')).status).toBe(200)
    await gateway.close()
  })

  it('loses no event', async () => {
    const gateway = await startTestGateway(project())
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('echo'))
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => callTool(gateway.server('echo'), accessToken, 'echo')),
    )
    await gateway.restart()
    const recorded = new Set(gateway.events().map((event) => event.requestId))
    expect(answers.filter((answer) => !recorded.has(String(answer.headers['x-request-id'])))).toEqual([])
    await gateway.close()
  })
})

describe('kill -9', () => {
  let directory: string
  let gateway: SpawnedGateway | undefined
  afterEach(async () => {
    await gateway?.kill9()
    await rm(directory, { recursive: true, force: true })
  })

  it('during sign-ins and calls loses no token, client or consent that was given out', async () => {
    const port = await findFreePort()
    const publicUrl = `http://127.0.0.1:${port}`
    const server = `${publicUrl}/mcp/echo`
    directory = await createProject(project(port))
    const signedIn: ObtainedTokens[] = []
    for (let round = 0; round < 3; round += 1) {
      gateway = await spawnGateway(directory, port, 'dev')
      // What earlier rounds handed out must still work after the crash.
      for (const tokens of signedIn) expect((await callTool(server, tokens.accessToken, 'echo')).status).toBe(200)
      const work = [...Array(4).keys()].map((person) => keepSigningIn(publicUrl, server, `person-${person}`, signedIn))
      const target = signedIn.length + 6
      await expect.poll(() => signedIn.length, { timeout: 20_000, interval: 5 }).toBeGreaterThanOrEqual(target)
      await gateway.kill9()
      await Promise.all(work)
    }
    gateway = await spawnGateway(directory, port, 'dev')
    expect(signedIn.length).toBeGreaterThanOrEqual(18)
    for (const tokens of signedIn) {
      expect((await callTool(server, tokens.accessToken, 'echo')).status).toBe(200)
      const refreshed = await refreshTokens(publicUrl, tokens.clientId, tokens.refreshToken ?? '')
      expect((await callTool(server, refreshed.accessToken, 'echo')).status).toBe(200)
    }
  }, 90_000)
})

/** Signs in and calls until the gateway is gone; what was received in full counts as given out. */
async function keepSigningIn(
  publicUrl: string,
  server: string,
  subject: string,
  signedIn: ObtainedTokens[],
): Promise<void> {
  try {
    for (;;) {
      const tokens = await obtainToken(publicUrl, server, subject)
      signedIn.push(tokens)
      await callTool(server, tokens.accessToken, 'echo')
    }
  } catch {
    // The gateway was killed: expected, and the only way out.
  }
}
