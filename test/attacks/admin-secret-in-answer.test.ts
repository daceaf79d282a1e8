import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { OperationDeclaration } from '../../src/admin/operation.ts'
import { operations } from '../../src/admin/operations/index.ts'
import { type AdminClient, signInByLink } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { seedConnections } from '../harness/seed-connections.ts'
import type { TestGateway } from '../harness/start-gateway.ts'
import { signIn } from '../harness/write-project.ts'

// Whoever may look at everything must not find anything to go on with. Secrets are planted wherever a gateway keeps one, and every answer is searched.
let gateway: TestGateway
let owner: AdminClient
const planted = {
  PLANTED_HEADER: 'planted-header-value-1',
  PLANTED_PATH: 'planted-path-of-an-upstream-2',
  PLANTED_SHARED_KEY: 'planted-shared-key-3',
  PLANTED_CLIENT_SECRET: 'planted-client-secret-4',
  PLANTED_PROGRAM: 'planted-in-a-program-5',
  PLANTED_ARGUMENT: 'planted-as-an-argument-6',
} as const
const literal = 'planted-literally-in-the-file-7'
const upstreamTokens = ['planted-upstream-token-8', 'planted-refresh-token-9']
const found: string[] = [...Object.values(planted), literal, ...upstreamTokens]

beforeAll(async () => {
  for (const [name, value] of Object.entries(planted)) vi.stubEnv(name, value)
  const account = {
    id: 'notes',
    displayName: 'Notes',
    authMode: 'shared-api-key',
    apiKey: { value: '$env(PLANTED_SHARED_KEY)' },
  }
  gateway = await startAdminGateway({
    settings: {
      clients: [{ id: 'job', name: 'Job', secret: '$env(PLANTED_CLIENT_SECRET)', servers: ['*'] }],
    },
    servers: {
      tracker: { upstream: 'http://127.0.0.1:9/${env.PLANTED_PATH}/mcp', inbound: ['sign-in', 'headers', 'literal'] },
      notes: { upstream: 'http://127.0.0.1:9/mcp', inbound: ['sign-in', 'account'] },
      local: {
        upstream: {
          command: 'true',
          args: ['--key', '$env(PLANTED_ARGUMENT)'],
          env: { KEY: '$env(PLANTED_PROGRAM)' },
        },
        inbound: ['sign-in'],
      },
    },
    policies: {
      ...signIn(),
      headers: ['set-headers-inbound', { headers: [{ name: 'x-key', value: '$env(PLANTED_HEADER)' }] }],
      literal: ['set-upstream-api-key-inbound', { value: literal }],
      account: ['mcp-token-exchange-inbound', account],
    },
  })
  owner = await signInByLink(gateway.directory)
  const { accessToken, refreshToken = '' } = await obtainToken(gateway.publicUrl, gateway.server('tracker'), 'ada')
  const [accessUpstream = '', refreshUpstream = ''] = upstreamTokens
  await seedConnections(join(gateway.directory, 'data'), [
    {
      key: { tenant: 'default', upstream: 'notes', owner: 'subject:ada' },
      credential: {
        kind: 'oauth',
        accessToken: accessUpstream,
        refreshToken: refreshUpstream,
        expiresAtMs: Date.now() + 60_000,
        obtainedAtMs: Date.now(),
        scopes: ['read'],
        issuer: 'https://as.example',
        resource: undefined,
        tokenEndpoint: 'https://as.example/token',
        clientId: 'gateway',
        url: 'http://127.0.0.1:9/mcp',
      },
    },
  ])
  const key = await owner.call('POST', '/keys', { body: { consumer: 'nightly' } })
  const client = await owner.call('POST', '/clients', { body: { name: 'Agent', servers: ['tracker'] } })
  found.push(accessToken, refreshToken, String(key.json['key']), String(client.json['secret']))
  found.push(owner.cookie.slice(owner.cookie.indexOf('=') + 1))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await gateway.close()
})

const values: { readonly [path: string]: readonly string[] } = {
  '/virtual-servers/{name}': ['tracker', 'notes', 'local'],
  '/config/schemas/{name}': ['project'],
  '/questions/{name}': ['top-subjects'],
  '/catalog/{id}': ['github'],
}
const queries: { readonly [path: string]: readonly string[] } = {
  '/config/file': ['?file=sallyport.jsonc', '?file=config/policies.json', '?file=config/routes.oas.json', '?file=.env'],
}

async function idsOf(path: string): Promise<readonly string[]> {
  const known = values[path]
  if (known !== undefined) return known
  const list = path.slice(0, path.indexOf('/{'))
  const { json } = await owner.call('GET', list)
  return (json['items'] as { id: string }[]).map(({ id }) => id)
}

const reads = operations.filter(({ method, id }: OperationDeclaration) => method === 'GET' && id !== 'streamEvents')

it.each(reads.map((operation: OperationDeclaration) => [operation.id, operation] as const))(
  '%s shows no secret',
  async (_id, { path }) => {
    const filled = path.includes('{')
      ? (await idsOf(path)).map((id) => path.replace(/\{\w+\}/, encodeURIComponent(id)))
      : [path]
    for (const each of filled.flatMap((one) => (queries[one] ?? ['']).map((query) => one + query))) {
      const { status, text } = await owner.call('GET', each)
      expect([each, status < 500]).toEqual([each, true])
      expect([each, found.filter((secret) => text.includes(secret))]).toEqual([each, []])
    }
  },
)

it('what is searched for is really there to be found', () => {
  expect(found.every((secret) => secret.length >= 20)).toBe(true)
  expect(new Set(found).size).toBe(found.length)
})

it('neither events nor audit trail learn a secret that was shown once', () => {
  const events = JSON.stringify(gateway.events())
  expect(found.filter((secret) => events.includes(secret))).toEqual([])
})
