import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { OpenApiDocument } from '../../src/admin/openapi.ts'
import type { OperationDeclaration } from '../../src/admin/operation.ts'
import { type OperationId, operations } from '../../src/admin/operations/index.ts'
import { type AdminAnswer, type AdminClient, signInByLink, signInByName } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { callTool } from '../harness/post-message.ts'
import { seedConnections } from '../harness/seed-connections.ts'
import type { TestGateway } from '../harness/start-gateway.ts'
import { startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import type { RunningUpstream } from '../harness/upstreams/listen.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn } from '../harness/write-project.ts'

let upstream: RunningUpstream
let gateway: TestGateway
let owner: AdminClient
let upstreamHost: string

beforeAll(async () => {
  upstream = await startEchoUpstream()
  upstreamHost = new URL(upstream.url).host
  gateway = await startAdminGateway({
    settings: { clients: [{ id: 'declared', name: 'Declared', redirectUris: ['https://app.example/callback'] }] },
    servers: {
      tracker: { upstream: upstream.url, inbound: ['sign-in'] },
      notes: { upstream: upstream.url, inbound: ['sign-in', 'account'] },
      jobs: { upstream: upstream.url, inbound: ['keys'] },
    },
    policies: {
      ...signIn(),
      account: ['mcp-token-exchange-inbound', { id: 'notes', displayName: 'Notes', authMode: 'user-oauth' }],
      keys: ['api-key-inbound', {}],
    },
  })
  owner = await signInByLink(gateway.directory)
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

interface List {
  readonly items: readonly Record<string, unknown>[]
  readonly nextCursor: string | null
}
const list = async (path: string) => (await owner.call('GET', path)).json as unknown as List

async function connect(subject: string): Promise<void> {
  await seedConnections(join(gateway.directory, 'data'), [
    {
      key: { tenant: 'default', upstream: 'notes', owner: `subject:${subject}` },
      credential: {
        kind: 'oauth',
        accessToken: 'upstream-access-token',
        refreshToken: undefined,
        expiresAtMs: Date.now() + 60 * 60_000,
        obtainedAtMs: Date.now(),
        scopes: ['read'],
        issuer: 'https://as.example',
        resource: undefined,
        tokenEndpoint: 'https://as.example/token',
        clientId: 'gateway',
        url: upstream.url,
      },
    },
  ])
}

describe('API keys', () => {
  it('are shown once, work at once, and not any more at once', async () => {
    const made = await owner.call('POST', '/keys', { body: { consumer: 'nightly', metadata: { plan: 'gold' } } })
    const { id, key } = made.json as unknown as { id: string; key: string }
    expect(made.status).toBe(201)
    expect((await callTool(gateway.server('jobs'), key, 'echo')).status).toBe(200)
    expect(JSON.stringify(await list('/keys'))).not.toContain(key)
    expect((await owner.call('DELETE', `/keys/${id}`)).status).toBe(204)
    expect((await callTool(gateway.server('jobs'), key, 'echo')).status).toBe(401)
    expect((await owner.call('DELETE', `/keys/${id}`)).json.reason).toBe('admin_not_found')
  })

  it.each([
    ['without a consumer', {}],
    ['for a consumer without a real name', { consumer: ' ' }],
    ['that has expired already', { consumer: 'x', expiresAt: '2020-01-01T00:00:00Z' }],
    ['with a member that nobody knows', { consumer: 'x', role: 'owner' }],
    ['of no tenant that could be', { consumer: 'x', tenant: '../acme' }],
  ])('are not made %s', async (_what, body) => {
    const { status, json } = await owner.call('POST', '/keys', { body })
    expect([status, json.reason]).toEqual([400, 'admin_request_invalid'])
  })

  it('are listed page by page, none twice and none left out, whatever is made meanwhile', async () => {
    const consumers = Array.from({ length: 7 }, (_, index) => `paged-${index}`)
    for (const consumer of consumers) await owner.call('POST', '/keys', { body: { consumer, tenant: 'paged' } })
    const seen: unknown[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: List = await list(`/keys?tenant=paged&limit=3${cursor && `&cursor=${cursor}`}`)
      seen.push(...page.items.map((item) => item['consumer']))
      cursor = page.nextCursor
      await owner.call('POST', '/keys', { body: { consumer: 'newer', tenant: 'paged' } })
    }
    expect(new Set(seen)).toEqual(new Set(consumers))
    expect(seen).toHaveLength(consumers.length)
  })

  it.each(['cursor=x', 'limit=0', 'limit=501', 'limit=many', 'colour=red'])('are not listed with %s', async (query) => {
    const { status, json } = await owner.call('GET', `/keys?${query}`)
    expect([status, json.reason]).toEqual([400, 'admin_request_invalid'])
  })
})

describe('clients and grants', () => {
  it('a client is made, listed with its source, and removed', async () => {
    const made = await owner.call('POST', '/clients', { body: { id: 'agent', name: 'Agent', servers: ['tracker'] } })
    expect(made.json).toMatchObject({
      id: 'agent',
      authentication: 'client_secret_basic',
      secret: expect.stringMatching(/^sp_cs_/),
    })
    const sources = Object.fromEntries((await list('/clients')).items.map(({ id, source }) => [id, source]))
    expect(sources).toMatchObject({ declared: 'project', agent: 'store' })
    expect(
      (await owner.call('POST', '/clients', { body: { id: 'agent', name: 'Agent', servers: ['*'] } })).status,
    ).toBe(409)
    expect((await owner.call('DELETE', '/clients/agent')).status).toBe(204)
    expect((await owner.call('DELETE', '/clients/agent')).json.reason).toBe('admin_not_found')
  })

  it('a client of the project is removed in the project', async () => {
    const { status, json } = await owner.call('DELETE', '/clients/declared')
    expect([status, json.reason]).toEqual([409, 'admin_conflict'])
  })

  it.each([
    ['that can do nothing', { name: 'x' }],
    ['for a virtual server that there is not', { name: 'x', servers: ['trakcer'] }],
    ['that sends people to a script', { name: 'x', redirectUris: ['javascript:alert(1)'] }],
    ['with keys that are none', { name: 'x', servers: ['*'], authentication: 'keys' }],
  ])('a client is not made %s', async (_what, body) => {
    const { status, json } = await owner.call('POST', '/clients', { body })
    expect([status, json.reason]).toEqual([400, 'admin_request_invalid'])
  })

  it('a revoked grant ends at once', async () => {
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('tracker'), 'grace')
    expect((await callTool(gateway.server('tracker'), accessToken, 'echo')).status).toBe(200)
    const { items } = await list('/grants?subject=grace')
    expect(items).toMatchObject([{ subject: 'grace', virtualServers: ['tracker'] }])
    expect((await list('/grants?server=notes')).items).toEqual([])
    expect((await owner.call('DELETE', `/grants/${String(items[0]?.['id'])}`)).status).toBe(204)
    expect((await callTool(gateway.server('tracker'), accessToken, 'echo')).status).toBe(401)
    expect((await list('/grants?subject=grace')).items).toEqual([])
  })
})

describe('connections', () => {
  it('are listed without what is secret, and removed', async () => {
    await connect('ada')
    const { items } = await list('/connections?subject=ada')
    expect(items).toMatchObject([{ upstream: 'notes', owner: 'ada', state: 'connected', scopes: ['read'] }])
    const path = `/connections/${String(items[0]?.['id'])}`
    expect((await owner.call('GET', path)).json).toEqual(items[0])
    expect((await owner.call('DELETE', path)).json).toEqual({ outcome: 'not revoked at the upstream' })
    expect((await owner.call('GET', path)).json.reason).toBe('admin_not_found')
  })
})

describe('the project', () => {
  it('is shown as it runs', async () => {
    const { json } = await owner.call('GET', '/project')
    expect(json).toMatchObject({ mode: 'dev', publicUrl: gateway.publicUrl, virtualServers: 3, failedReload: null })
    expect(json['policies']).toContainEqual({ name: 'account', type: 'mcp-token-exchange-inbound', usedBy: ['notes'] })
  })

  it('its virtual servers with whose credential, behind what, and how to connect', async () => {
    const { items } = (await owner.call('GET', '/virtual-servers')).json as unknown as List
    expect(items.map(({ name }) => name)).toEqual(['tracker', 'notes', 'jobs'])
    const { json } = await owner.call('GET', '/virtual-servers/notes')
    expect(json).toMatchObject({
      url: gateway.server('notes'),
      signIn: true,
      upstream: { id: 'notes', credentialMode: 'user-oauth' },
      policyOptions: [{ name: 'sign-in' }, { name: 'account', options: { authMode: 'user-oauth' } }],
    })
    expect(json['connect']).toContainEqual({
      client: 'Codex',
      kind: 'command',
      text: `codex mcp add notes --url ${gateway.server('notes')}`,
      place: null,
    })
    expect((await owner.call('GET', '/virtual-servers/nothing')).json.reason).toBe('admin_not_found')
  })
})

it('every change is in the audit trail with what was before and after, and in the events', async () => {
  const editor = await signInByName(gateway.directory, 'edda')
  const { id } = (await editor.call('POST', '/keys', { body: { consumer: 'audited' } })).json as unknown as {
    id: string
  }
  await editor.call('DELETE', `/keys/${id}`)
  const trail = await list('/audit?subject=edda&type=admin_changed')
  expect(trail.items).toMatchObject([
    {
      fields: {
        actor: 'edda',
        operation: 'revokeKey',
        target: id,
        before: { state: 'live' },
        after: { state: 'revoked' },
      },
    },
    { fields: { actor: 'edda', operation: 'createKey', target: id, before: null, after: { consumer: 'audited' } } },
  ])
  expect((await owner.call('GET', '/audit/verification')).json).toMatchObject({ problems: [] })
  const event = await gateway.waitForEvent(
    ({ type, detail }) => type === 'admin_changed' && detail === `revokeKey ${id}`,
  )
  expect(event).toMatchObject({ subject: 'edda', outcome: 'success' })
})

describe('what happened', () => {
  beforeAll(async () => {
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('tracker'), 'hopper')
    for (let call = 0; call < 3; call++) await callTool(gateway.server('tracker'), accessToken, 'echo')
    await gateway.waitForEvent(({ subject, capability }) => subject === 'hopper' && capability === 'echo')
  })

  it('is listed by filter, page by page, and one by one', async () => {
    const first = await waitUntil('three events', async () => {
      const page = await list('/events?subject=hopper&capability=echo&limit=2')
      return page.items.length === 2 && page.nextCursor !== null && page
    })
    const rest = await list(`/events?subject=hopper&capability=echo&limit=2&cursor=${String(first.nextCursor)}`)
    expect([rest.items.length, rest.nextCursor]).toEqual([1, null])
    const [event] = first.items
    expect((await owner.call('GET', `/events/${String(event?.['id'])}`)).json).toEqual(event)
  })

  it('is told as it happens, and again from where a stream ended', async () => {
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('tracker'), 'lovelace')
    const stream = await openStream(owner, '/events/stream?subject=lovelace&capability=echo')
    await callTool(gateway.server('tracker'), accessToken, 'echo')
    const told = await stream.next()
    expect(told.data).toMatchObject({ subject: 'lovelace', capability: 'echo' })
    stream.close()
    await callTool(gateway.server('tracker'), accessToken, 'echo')
    const again = await openStream(owner, '/events/stream?subject=lovelace&capability=echo', told.id)
    expect((await again.next()).data['id']).not.toBe(told.data['id'])
    again.close()
  })

  it('is told to one person so many times at once, and leaves places for others', async () => {
    const opened = await Promise.all(Array.from({ length: 4 }, () => openStream(owner, '/events/stream')))
    const { status, json, headers } = await owner.call('GET', '/events/stream')
    expect([status, json.reason, headers['retry-after']]).toEqual([429, 'limit_streams_exceeded', '60'])
    const other = await openStream(await signInByName(gateway.directory, 'edda'), '/events/stream')
    for (const stream of [...opened, other]) stream.close()
    const again = await waitUntil('a place', () => openStream(owner, '/events/stream').catch(() => undefined))
    again.close()
  })

  it('answers questions', async () => {
    const { items } = (await owner.call('GET', '/questions')).json as unknown as { items: { name: string }[] }
    expect(items.map(({ name }) => name)).toContain('top-subjects')
    const { status, json } = await owner.call('GET', '/questions/top-subjects?limit=5')
    expect(status).toBe(200)
    expect(json['items']).toBeInstanceOf(Array)
    expect((await owner.call('GET', '/questions/nothing')).json.reason).toBe('admin_not_found')
    expect((await owner.call('GET', '/questions/top-subjects?limit=x')).json.reason).toBe('admin_request_invalid')
  })

  it('says who is there and how upstreams are', async () => {
    const hopper = await waitUntil('hopper', async () =>
      (await list('/people')).items.find(({ subject, calls }) => subject === 'hopper' && calls === 3),
    )
    expect(hopper).toMatchObject({ virtualServers: ['tracker'], grants: 1, connections: 0 })
    const tracker = (await owner.call('GET', `/upstreams/${encodeURIComponent(upstreamHost)}`)).json
    expect(tracker).toMatchObject({ health: { state: 'healthy', failures: 0 } })
  })
})

it('what needs somebody is named, and nothing else', async () => {
  await connect('expiring')
  const kinds = (await list('/attention')).items.map(({ kind }) => kind)
  expect(kinds).toContain('connection_expiring')
  expect(kinds).not.toContain('reload_failed')
  expect(kinds).not.toContain('upstream_failing')
})

describe('the OpenAPI document', () => {
  it('is valid, and has every operation', async () => {
    const { json } = await owner.call('GET', '/openapi.json')
    const result = await new Validator().validate(structuredClone(json))
    expect(result).toMatchObject({ valid: true })
    const { paths } = json as unknown as OpenApiDocument
    const ids = Object.values(paths).flatMap((item) =>
      Object.values(item).map((each) => (each as { operationId: string }).operationId),
    )
    expect(new Set(ids)).toEqual(new Set(operations.map(({ id }) => id)))
    expect(ids).toHaveLength(operations.length)
  })
})

/** One call of each operation of this file that must succeed. Those of the configuration have tests of their own. */
const samples: Partial<Record<OperationId, () => Promise<AdminAnswer>>> = {
  getSession: () => owner.call('GET', '/session'),
  endSession: async () => (await signInByName(gateway.directory, 'vera')).call('DELETE', '/session'),
  listAttention: () => owner.call('GET', '/attention'),
  listEvents: () => owner.call('GET', '/events'),
  getEvent: async () => owner.call('GET', `/events/${String((await list('/events?limit=1')).items[0]?.['id'])}`),
  listQuestions: () => owner.call('GET', '/questions'),
  askQuestion: () => owner.call('GET', '/questions/success-rate'),
  getProject: () => owner.call('GET', '/project'),
  listVirtualServers: () => owner.call('GET', '/virtual-servers'),
  getVirtualServer: () => owner.call('GET', '/virtual-servers/jobs'),
  listUpstreams: () => owner.call('GET', '/upstreams'),
  getUpstream: () => owner.call('GET', '/upstreams/notes'),
  probeUpstream: () => owner.call('POST', '/upstreams/notes/probe'),
  listConnections: () => owner.call('GET', '/connections'),
  getConnection: async () => {
    await connect('sampled')
    const { items } = await list('/connections?subject=sampled')
    return owner.call('GET', `/connections/${String(items[0]?.['id'])}`)
  },
  removeConnection: async () => {
    await connect('removed')
    const { items } = await list('/connections?subject=removed')
    return owner.call('DELETE', `/connections/${String(items[0]?.['id'])}`)
  },
  listClients: () => owner.call('GET', '/clients'),
  createClient: () => owner.call('POST', '/clients', { body: { name: 'Sample', servers: ['*'] } }),
  revokeClient: async () => {
    await owner.call('POST', '/clients', { body: { id: 'short-lived', name: 'Short', servers: ['*'] } })
    return owner.call('DELETE', '/clients/short-lived')
  },
  listGrants: () => owner.call('GET', '/grants'),
  revokeGrant: async () => {
    await obtainToken(gateway.publicUrl, gateway.server('tracker'), 'sampled')
    return owner.call('DELETE', `/grants/${String((await list('/grants?subject=sampled')).items[0]?.['id'])}`)
  },
  listKeys: () => owner.call('GET', '/keys'),
  createKey: () => owner.call('POST', '/keys', { body: { consumer: 'sample' } }),
  revokeKey: async () => {
    const { json } = await owner.call('POST', '/keys', { body: { consumer: 'sample' } })
    return owner.call('DELETE', `/keys/${String(json['id'])}`)
  },
  listPeople: () => owner.call('GET', '/people'),
  listTeams: () => owner.call('GET', '/teams'),
  listAudit: () => owner.call('GET', '/audit'),
  verifyAudit: () => owner.call('GET', '/audit/verification'),
}

/** `streamEvents` is no single answer; its test is above. */
const elsewhere = new Set(['Configuration', 'Wizard', 'Catalogue', 'Catalog'])
const own = operations.filter(({ id, tag }: OperationDeclaration) => id !== 'streamEvents' && !elsewhere.has(tag))

it.each(own.map((operation: OperationDeclaration) => [operation.id, operation] as const))(
  '%s answers as the document says',
  async (id, operation) => {
    const answer = await samples[id as OperationId]?.()
    expect(answer?.status).toBe(operation.status ?? (operation.answer ? 200 : 204))
    if (!operation.answer) return expect(answer?.text).toBe('')
    const { json: document } = await owner.call('GET', '/openapi.json')
    const schema = readAnswerSchema(document as unknown as OpenApiDocument, operation, answer?.status ?? 0)
    expect(schema.safeParse(answer?.json).error).toBeUndefined()
  },
)

/** The schema that the served document has for an answer, made a check again. */
function readAnswerSchema(
  document: OpenApiDocument,
  { path, method }: OperationDeclaration,
  status: number,
): z.ZodType {
  const operation = document.paths[path]?.[method.toLowerCase()] as {
    responses: Record<number, { content: Record<string, { schema: object }> }>
  }
  const schema = operation.responses[status]?.content['application/json']?.schema
  const { components } = document as unknown as { components: { schemas: object } }
  const local = JSON.stringify({ ...schema, $defs: components.schemas }).replaceAll('#/components/schemas/', '#/$defs/')
  return z.fromJSONSchema(JSON.parse(local) as z.core.JSONSchema.JSONSchema)
}

/** A live tail. */
async function openStream(client: AdminClient, path: string, lastEventId?: string) {
  const { body, statusCode } = await request(`${client.origin}/api/admin${path}`, {
    headers: { cookie: client.cookie, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
  })
  expect(statusCode).toBe(200)
  let text = ''
  body.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
  body.on('error', () => undefined)
  await waitUntil('the stream', () => text.includes(': begin'))
  return {
    async next() {
      const [whole = '', id = '', data = ''] = await waitUntil(
        'an event',
        () => /id: (.*)\ndata: (.*)\n\n/.exec(text) ?? undefined,
      )
      text = text.slice(text.indexOf(whole) + whole.length)
      return { id, data: JSON.parse(data) as Record<string, unknown> }
    },
    close: () => body.destroy(),
  }
}
