import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { authorize, redeemCode, refreshTokens, registerClient, revokeToken } from '../harness/obtain-token.ts'
import { callTool, postLegacy, postRaw } from '../harness/post-message.ts'
import { findFreePort, spawnGateway } from '../harness/spawn-gateway.ts'
import { startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { createProject, signIn } from '../harness/write-project.ts'

it('no secret is in the log, the events or the store', async () => {
  const upstream = await startEchoUpstream()
  const port = await findFreePort()
  const origin = `http://127.0.0.1:${port}`
  const server = `${origin}/mcp/echo`
  const key = 'upstream-key-that-must-not-leak'
  const directory = await createProject({
    settings: { listen: { port }, telemetry: { logLevel: 'debug', logEvents: 'all' } },
    servers: { echo: { upstream: upstream.url, inbound: ['sign-in', 'key'] } },
    policies: { ...signIn(), key: ['set-upstream-api-key-inbound', { value: '$env(ECHO_KEY)' }] },
  })
  const gateway = await spawnGateway(directory, port, 'dev', { ECHO_KEY: key })
  const clientId = await registerClient(origin)
  const { code, verifier } = await authorize(origin, server, clientId, 'ada')
  const first = await redeemCode(origin, server, clientId, code, verifier)
  await expect(
    redeemCode(origin, server, clientId, code, 'a-wrong-verifier-that-is-long-enough-for-pkce'),
  ).rejects.toThrow()
  const again = await authorize(origin, server, clientId, 'ada')
  const second = await redeemCode(origin, server, clientId, again.code, again.verifier)
  const third = await refreshTokens(origin, clientId, second.refreshToken ?? '')
  const argument = 'an-argument-that-is-nobodys-business'
  expect(
    (await postLegacy(server, third.accessToken, 'tools/call', { name: 'echo', arguments: { argument } })).status,
  ).toBe(200)
  expect(upstream.requests.at(-1)?.headers.authorization).toBe(key)
  await callTool(server, 'sp_at_somebody-elses-token', 'echo')
  await postRaw(`${server}?access_token=${third.accessToken}`, '{}')
  await revokeToken(origin, clientId, third.accessToken)
  expect(await gateway.stop()).toBe(0)

  const secrets = [code, again.code, verifier, key, argument, 'sp_at_somebody-elses-token']
  for (const { accessToken, refreshToken } of [first, second, third]) secrets.push(accessToken, refreshToken ?? '')
  expect(secrets.filter((secret) => secret.length < 16)).toEqual([])
  const places = [{ place: 'output', content: Buffer.from(gateway.output()) }]
  for (const file of await readdir(join(directory, 'data')))
    places.push({ place: file, content: await readFile(join(directory, 'data', file)) })
  expect(places.map(({ place }) => place)).toContain('events.db')
  expect(gateway.output()).toContain('auth_token_issued')
  const leaks = places.flatMap(({ place, content }) =>
    secrets.filter((secret) => content.includes(secret)).map((secret) => `${place}: ${secret}`),
  )
  expect(leaks).toEqual([])
  await rm(directory, { recursive: true })
  await upstream.close()
})
