import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AdminClient, signInByLink, signInByName } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, startUpstream } from '../harness/upstreams/listen.ts'

// Whoever may probe makes the gateway send a request. It must not become a way to ask whatever the gateway can reach.
let gateway: TestGateway
let owner: AdminClient
let internal: RunningUpstream
let upstream: RunningUpstream
const seen: string[] = []

beforeAll(async () => {
  internal = await startUpstream((_message, request, response) => {
    seen.push(request.url ?? '')
    response.end('metadata')
  })
  upstream = await startUpstream((_message, _request, response) => void response.writeHead(401).end())
  gateway = await startAdminGateway({ servers: { tracker: { upstream: upstream.url, inbound: ['sign-in'] } } })
  owner = await signInByLink(gateway.directory)
})
afterAll(async () => {
  await gateway.close()
  await internal.close()
  await upstream.close()
})

it('an upstream of the project is asked', async () => {
  const { json } = await owner.call('POST', `/upstreams/${encodeURIComponent(new URL(upstream.url).host)}/probe`)
  expect(json).toMatchObject({ reachable: true, httpStatus: 401, asksForSignIn: true })
})

it('nothing else is, however it is named', async () => {
  const host = new URL(internal.url).host
  const ids = [
    internal.url,
    host,
    `${host}/latest/meta-data`,
    `tracker@${host}`,
    '169.254.169.254',
    '..%2f..',
    'localhost',
  ]
  for (const id of ids) {
    const { status } = await owner.call('POST', `/upstreams/${encodeURIComponent(id)}/probe`)
    expect([id, status]).toEqual([id, 404])
  }
  const body = { url: internal.url }
  await owner.call('POST', `/upstreams/${encodeURIComponent(host)}/probe?url=${internal.url}`, { body })
  expect(seen).toEqual([])
})

it('who only sees may not probe, and who may is limited', async () => {
  const path = `/upstreams/${encodeURIComponent(new URL(upstream.url).host)}/probe`
  const viewer = await signInByName(gateway.directory, 'vera')
  expect((await viewer.call('POST', path)).json.reason).toBe('admin_role_required')
  const editor = await signInByName(gateway.directory, 'edda')
  const answers = []
  for (let probe = 0; probe < 31; probe++) answers.push(await editor.call('POST', path))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(30)
  const [last] = answers.slice(-1)
  expect([last?.status, last?.json.reason]).toEqual([429, 'limit_rate_exceeded'])
  expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0)
})
