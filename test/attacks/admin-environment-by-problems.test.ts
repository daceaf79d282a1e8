import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type AdminClient, signInByName } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

// An editor lets the files name a variable of the environment where its value is wrong, and reads it in the problem.
let gateway: TestGateway
let editor: AdminClient
const value = 'Planted-Value-Of-The-Environment'

beforeAll(async () => {
  vi.stubEnv('PLANTED', value)
  vi.stubEnv('PLANTED_CUT', 'planted-before?planted-after')
  gateway = await startAdminGateway()
  editor = await signInByName(gateway.directory, 'edda')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await gateway.close()
})

const set = (file: string, path: readonly (string | number)[], to: unknown) => ({ kind: 'set', file, path, value: to })
const insert = (policyType: string, name: string, options: object) => ({
  kind: 'insert',
  file: 'config/policies.json',
  path: ['policies'],
  value: { name: 'p', policyType, handler: { module: '$import(sallyport)', export: name, options } },
})
const variable = '$env(PLANTED)'
const client = { id: variable, name: 'x', servers: [variable], secret: 's'.repeat(30) }
const settings = ['publicUrl', 'basePath', 'allowedHosts', 'trustedProxies', 'compatibilityDate', 'telemetry', 'events']
const options = ['paths', '/mcp/tracker', 'get,post', 'x-gateway-route', 'handler', 'options']
const edits = [
  ...settings.flatMap((name) => [variable, [variable]].map((each) => set('sallyport.jsonc', [name], each))),
  set('sallyport.jsonc', ['clients'], [client]),
  set('sallyport.jsonc', ['admin', 'publicUrl'], `http://${variable}`),
  ...[variable, '${env.PLANTED}', 'http://${env.PLANTED}', 'ftp://${env.PLANTED}/'].map((each) =>
    set('config/routes.oas.json', [...options, 'rewritePattern'], each),
  ),
  ...['protocol', 'forwardHeaders', 'other'].map((name) =>
    set('config/routes.oas.json', [...options, name], [variable]),
  ),
  set('config/policies.json', ['corsPolicies'], [{ name: 'c', allowedOrigins: [variable] }]),
  set('config/policies.json', ['policies', 0, 'handler', 'options', 'oidc'], { issuer: `http://${variable}` }),
  insert('mcp-capability-filter-inbound', 'McpCapabilityFilterInboundPolicy', { tools: [variable, variable] }),
  insert('open-id-jwt-auth-inbound', 'OpenIdJwtInboundPolicy', { issuer: `http://${variable}`, audience: 'x' }),
  insert('rate-limit-inbound', 'RateLimitInboundPolicy', { rateLimitBy: variable, requestsAllowed: variable }),
  insert('mcp-token-exchange-inbound', 'McpTokenExchangeInboundPolicy', { id: variable, authMode: variable }),
]

it.each(edits.map((edit) => [JSON.stringify(edit), edit] as const))('%s', async (_what, edit) => {
  for (const operation of ['validate', 'diff']) {
    const { text } = await editor.call('POST', `/config/${operation}`, { body: { edits: [edit] } })
    expect(text.toLowerCase()).not.toContain(value.toLowerCase())
  }
})

it('the problems are told all the same, with the name in the place of the value', async () => {
  const { json } = await editor.call('POST', '/config/validate', {
    body: { edits: [set('config/policies.json', ['corsPolicies'], [{ name: 'c', allowedOrigins: [variable] }])] },
  })
  expect(json['problems']).toContainEqual(
    expect.objectContaining({ message: expect.stringContaining('"$env(PLANTED)" is not an origin') as string }),
  )
})

it('a value of which a URL makes another text', async () => {
  const broker = insert('mcp-token-exchange-inbound', 'McpTokenExchangeInboundPolicy', {
    displayName: 'P',
    authMode: 'user-oauth',
  })
  const route = (name: string, rewritePattern: string) => {
    const handler = { module: '$import(sallyport)', export: 'McpProxyHandler', options: { rewritePattern } }
    const operation = { operationId: name, 'x-gateway-route': { handler, policies: { inbound: ['p'] } } }
    return set('config/routes.oas.json', ['paths', `/mcp/${name}`], { post: operation })
  }
  const tried = [broker, route('one', 'https://h.example/$env(PLANTED_CUT)'), route('two', 'https://h.example/')]
  const { json, text } = await editor.call('POST', '/config/validate', { body: { edits: tried } })
  expect(json['problems']).toContainEqual(
    expect.objectContaining({ message: expect.stringContaining('those of "one" and "two"') as string }),
  )
  expect(text).not.toContain('planted-before')
})
