import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Exchange } from '../../contracts/exchange.ts'
import type { Era, McpMessage } from '../../contracts/mcp.ts'
import type { Policy, PolicyHost } from '../../contracts/policy.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { JsonObject } from '../../lib/json.ts'
import { mcpCapabilityFilterInbound } from './policy.ts'

const exchange = {} as Exchange

function createPolicy(options: unknown): Policy {
  return mcpCapabilityFilterInbound.create(mcpCapabilityFilterInbound.options.parse(options), {} as PolicyHost)
}

function createMessage(method: string, params?: unknown, era: Era = 'modern'): McpMessage {
  const message = {
    kind: 'request' as const,
    era,
    protocolVersion: undefined,
    method,
    id: 1,
    name: undefined,
    clientInfo: undefined,
    body: { jsonrpc: '2.0', id: 1, method, params } as JsonObject,
    bytes: Buffer.alloc(0),
    edited: false,
    edit(body: JsonObject) {
      message.body = body
      message.edited = true
    },
  }
  return message
}

function filterList(policy: Policy, method: string, result: JsonObject): JsonObject {
  return (policy.onResult?.(result, createMessage(method), exchange) ?? result) as JsonObject
}

/** What the policy says about one call: undefined, or the refusal. */
function judge(policy: Policy, method: string, params: unknown, era: Era = 'modern'): GatewayError | undefined {
  const verdict = policy.onMessage?.(createMessage(method, params, era), exchange)
  expect(verdict === undefined || verdict instanceof GatewayError).toBe(true)
  return verdict as GatewayError | undefined
}

const isAllowed = (policy: Policy, method: string, params: unknown) => judge(policy, method, params) === undefined
const canRead = (policy: Policy, uri: string) => isAllowed(policy, 'resources/read', { uri })
const named = (...names: string[]) => names.map((name) => ({ name }))

describe('options', () => {
  const pathsOf = (options: unknown) =>
    mcpCapabilityFilterInbound.options.safeParse(options).error?.issues.map((issue) => issue.path.join('.')) ?? []

  it.each([
    [{ tools: ['a', 'a'] }, 'tools.1'],
    [{ tools: ['a', { name: 'a', title: 'A' }] }, 'tools.1'],
    [{ tools: ['a'], deny: { tools: ['b', 'a'] } }, 'deny.tools.1'],
    [{ deny: { prompts: ['p', 'p'] } }, 'deny.prompts.1'],
    [{ tools: [{ name: 'get_*', title: 'x' }] }, 'tools.0'],
    [{ resourceTemplates: ['a://{b'] }, 'resourceTemplates.0'],
    [{ deny: { resourceTemplates: ['a://{|b}'] } }, 'deny.resourceTemplates.0'],
    [{ tools: [''] }, 'tools.0'],
    [{ tools: [{ name: 'a', inputSchema: {} }] }, 'tools.0'],
    [{ accessControl: {} }, ''],
  ])('refuses %j at %s', (options, path) => {
    expect(pathsOf(options)).toEqual([path])
  })

  it('accepts globs beside literals and denied names that only a glob allows', () => {
    expect(pathsOf({ tools: ['get_*', 'get_issue'], deny: { tools: ['get_secret'] } })).toEqual([])
  })
})

describe('what it reads', () => {
  it('is nothing when nothing is configured', () => {
    expect(createPolicy({})).toEqual({})
  })

  it.each([
    [{ tools: [] }, ['tools/list']],
    [{ deny: { prompts: ['x'] } }, ['prompts/list']],
    [{ resources: [], resourceTemplates: [] }, ['resources/list', 'resources/templates/list']],
  ])('is the list of what is configured: %j', (options, methods) => {
    const policy = createPolicy(options)
    expect([...(policy.reads ?? [])]).toEqual(methods)
    expect(policy.resultDependsOn).toBe('nothing')
  })
})

describe('lists', () => {
  it.each([
    ['tools/list', 'tools', 'name'],
    ['prompts/list', 'prompts', 'name'],
    ['resources/list', 'resources', 'uri'],
    ['resources/templates/list', 'resourceTemplates', 'uriTemplate'],
  ] as const)('%s keeps what is allowed, its order and every other member', (method, list, key) => {
    const policy = createPolicy({ [list]: ['c://3', 'a://1'] })
    const entries = ['a://1', 'b://2', 'c://3'].map((value) => ({ [key]: value, future: { kept: true } }))
    const result = {
      [list]: entries,
      nextCursor: 'n',
      ttlMs: 5,
      cacheScope: 'public',
      _meta: { m: 1 },
      resultType: 'complete',
    }
    expect(filterList(policy, method, result)).toEqual({ ...result, [list]: [entries[0], entries[2]] })
  })

  it('keeps nextCursor of a page that became empty', () => {
    const page = filterList(createPolicy({ tools: ['z'] }), 'tools/list', { tools: named('a'), nextCursor: '' })
    expect(page).toEqual({ tools: [], nextCursor: '' })
  })

  it('returns undefined when nothing changes, so that the bytes can stay', () => {
    const policy = createPolicy({ tools: ['a'] })
    expect(policy.onResult?.({ tools: named('a') }, createMessage('tools/list'), exchange)).toBeUndefined()
  })

  it('drops what it cannot match', () => {
    const policy = createPolicy({ deny: { tools: ['x'] } })
    const tools = [null, 'x', 7, [], {}, { name: 5 }, { title: 'no name' }, { name: 'ok' }]
    expect(filterList(policy, 'tools/list', { tools })).toEqual({ tools: [{ name: 'ok' }] })
    expect(filterList(policy, 'tools/list', { tools: { name: 'x' } })).toEqual({ tools: [] })
    expect(filterList(policy, 'tools/list', {})).toEqual({})
  })

  it('matches no inherited name', () => {
    const policy = createPolicy({ tools: ['a'] })
    const tools = named('__proto__', 'constructor', 'toString', 'hasOwnProperty')
    expect(filterList(policy, 'tools/list', { tools: [...tools, Object.create({ name: 'a' })] })).toEqual({ tools: [] })
  })

  it('re-writes entries: members replaced, annotations and _meta merged deeply, schema and unknown members untouched', () => {
    const policy = createPolicy({
      tools: [
        {
          name: 'a',
          title: 'T',
          description: 'D',
          annotations: { readOnlyHint: true },
          _meta: { ui: { visibility: ['app'] } },
        },
        'b',
      ],
    })
    const inputSchema = { type: 'object', description: 'schema' }
    const upstream = {
      name: 'a',
      description: 'old',
      inputSchema,
      annotations: { readOnlyHint: false, openWorldHint: true },
      _meta: { ui: { resourceUri: 'ui://x', visibility: ['model'] }, other: 1 },
      'x-future': [1],
    }
    const before = structuredClone(upstream)
    const result = filterList(policy, 'tools/list', { tools: [upstream, { name: 'b', description: 'old' }] })
    expect(result.tools).toEqual([
      {
        name: 'a',
        title: 'T',
        description: 'D',
        inputSchema,
        annotations: { readOnlyHint: true, openWorldHint: true },
        _meta: { ui: { resourceUri: 'ui://x', visibility: ['app'] }, other: 1 },
        'x-future': [1],
      },
      { name: 'b', description: 'old' },
    ])
    expect(upstream).toEqual(before)
  })

  it('re-writes resources and templates without changing their keys', () => {
    const entry = { name: 'N', title: 'T', description: 'D', mimeType: 'text/plain', _meta: { a: 1 } }
    const policy = createPolicy({
      resources: [{ uri: 'a://1', ...entry }],
      resourceTemplates: [{ uriTemplate: 'a://{x}', ...entry }],
    })
    const resources = filterList(policy, 'resources/list', { resources: [{ uri: 'a://1', name: 'old', size: 3 }] })
    expect(resources).toEqual({ resources: [{ uri: 'a://1', size: 3, ...entry }] })
    const templates = filterList(policy, 'resources/templates/list', {
      resourceTemplates: [{ uriTemplate: 'a://{x}' }],
    })
    expect(templates).toEqual({ resourceTemplates: [{ uriTemplate: 'a://{x}', ...entry }] })
  })

  it('treats __proto__ in upstream metadata as a member like any other', () => {
    const policy = createPolicy({ tools: [{ name: 'a', _meta: { b: 1 } }] })
    const tool = JSON.parse('{"name":"a","_meta":{"__proto__":{"polluted":true}}}') as JsonObject
    const result = filterList(policy, 'tools/list', { tools: [tool] })
    expect(JSON.stringify(result.tools)).toBe('[{"name":"a","_meta":{"__proto__":{"polluted":true},"b":1}}]')
    expect('polluted' in {}).toBe(false)
  })
})

describe('calls', () => {
  it('lets everything of a list that is not configured pass', () => {
    const policy = createPolicy({ tools: [] })
    expect(isAllowed(policy, 'prompts/get', { name: 'x' })).toBe(true)
    expect(canRead(policy, 'a://x')).toBe(true)
    expect(isAllowed(policy, 'completion/complete', { ref: { type: 'ref/prompt', name: 'x' } })).toBe(true)
    expect(isAllowed(policy, 'tools/list', undefined)).toBe(true)
  })

  it.each([
    'delete_issue',
    '__proto__',
    'constructor',
    'toString',
    '',
    ' get_issue',
    'get_issue ',
    'get_issue\n',
    'get_issue\0',
    'Get_Issue',
    'get_іssue',
    'get_is​sue',
    'get＿issue',
    'get_issue*',
    '*',
    'get_',
    7,
    null,
    ['get_issue'],
    undefined,
  ])('refuses the tool %j, which an exact list does not hold', (name) => {
    const policy = createPolicy({ tools: ['get_issue'] })
    expect(isAllowed(policy, 'tools/call', { name: 'get_issue' })).toBe(true)
    expect(judge(policy, 'tools/call', { name })?.reason).toBe('capability_not_allowed')
  })

  it('refuses a call without params, and names that are only inherited', () => {
    const policy = createPolicy({ tools: ['a'], prompts: ['a'] })
    expect(isAllowed(policy, 'tools/call', undefined)).toBe(false)
    expect(isAllowed(policy, 'prompts/get', [])).toBe(false)
    expect(isAllowed(policy, 'tools/call', Object.create({ name: 'a' }))).toBe(false)
  })

  it('answers as an upstream answers about what it does not have', () => {
    const policy = createPolicy({ tools: [], prompts: [], resources: [] })
    const shapeOf = (method: string, params: unknown, era: Era) => {
      const error = judge(policy, method, params, era)
      return [error?.status, error?.code, error?.message]
    }
    for (const era of ['modern', 'legacy'] as const) {
      expect(shapeOf('tools/call', { name: 'x' }, era)).toEqual([200, -32602, 'Unknown tool: x'])
      expect(shapeOf('prompts/get', { name: 'x' }, era)).toEqual([200, -32602, 'Unknown prompt: x'])
    }
    expect(shapeOf('resources/read', { uri: 'a://x' }, 'modern')).toEqual([200, -32602, 'Unknown resource: a://x'])
    expect(shapeOf('resources/read', { uri: 'a://x' }, 'legacy')).toEqual([200, -32002, 'Unknown resource: a://x'])
    expect(judge(policy, 'tools/call', { name: 'x'.repeat(1e6) })?.message.length).toBeLessThan(300)
  })

  it('lets globs allow and deny', () => {
    const policy = createPolicy({ tools: ['get_*', '*_list', 'a*b*c'], deny: { tools: ['get_secret', '*_admin_*'] } })
    const allowed = ['get_', 'get_issue', 'issue_list', 'abc', 'a-b-b-c']
    const refused = ['get_secret', 'get_admin_x', 'xget_', 'list', 'ac', 'acb', 'ab']
    expect([...allowed, ...refused].filter((name) => isAllowed(policy, 'tools/call', { name }))).toEqual(allowed)
  })

  it('does not let two parts of a glob share a character', () => {
    const policy = createPolicy({ tools: ['ab*ba', 'c*d*d'] })
    const names = ['aba', 'abba', 'cd', 'ccd', 'cdd']
    expect(names.filter((name) => isAllowed(policy, 'tools/call', { name }))).toEqual(['abba', 'cdd'])
  })

  it('offers everything except what a lone deny names', () => {
    const policy = createPolicy({ deny: { tools: ['drop'] } })
    expect(filterList(policy, 'tools/list', { tools: named('a', 'drop', 'b') })).toEqual({ tools: named('a', 'b') })
    expect(isAllowed(policy, 'tools/call', { name: 'drop' })).toBe(false)
    expect(isAllowed(policy, 'tools/call', { name: 'anything' })).toBe(true)
  })

  it('checks completions by the reference they name, whatever its type says', () => {
    const policy = createPolicy({ prompts: ['p'], resources: ['a://1'], resourceTemplates: ['a://issue/{id}'] })
    const completes = (ref: unknown) =>
      isAllowed(policy, 'completion/complete', { ref, argument: { name: 'x', value: '' } })
    expect(completes({ type: 'ref/prompt', name: 'p' })).toBe(true)
    expect(completes({ type: 'ref/resource', uri: 'a://issue/{id}' })).toBe(true)
    expect(completes({ type: 'ref/resource', uri: 'a://1' })).toBe(true)
    expect(completes({ type: 'ref/prompt', name: 'hidden' })).toBe(false)
    expect(completes({ type: 'ref/resource', uri: 'a://secret/{id}' })).toBe(false)
    expect(completes({ type: 'ref/prompt', name: 'p', uri: 'a://secret/{id}' })).toBe(false)
    expect(completes({ type: 'ref/resource', uri: 'a://1', URI: 'a://secret/{id}' })).toBe(false)
    expect(completes({ type: 'ref/prompt', Name: 'hidden' })).toBe(false)
    expect(completes(undefined)).toBe(false)
  })

  it.each(['resources/subscribe', 'resources/unsubscribe', 'resources/directory/read', 'skills/get'])(
    'guards %s',
    (method) => {
      const policy = createPolicy({ resources: ['a://1'] })
      expect(isAllowed(policy, method, { uri: 'a://1' })).toBe(true)
      expect(isAllowed(policy, method, { uri: 'a://2' })).toBe(false)
    },
  )

  it('takes hidden URIs out of a subscription and leaves the rest of it', () => {
    const policy = createPolicy({ resources: ['a://1'] })
    const listen = (notifications: unknown) => {
      const message = createMessage('subscriptions/listen', { notifications, _meta: { k: 1 } })
      expect(policy.onMessage?.(message, exchange)).toBeUndefined()
      return message.body.params
    }
    const rest = { toolsListChanged: true }
    expect(listen({ ...rest, resourceSubscriptions: ['a://1', 'a://2', 5, 'a://./1'] })).toEqual({
      notifications: { ...rest, resourceSubscriptions: ['a://1'] },
      _meta: { k: 1 },
    })
    const spelledOtherwise = { ...rest, resourceSubscriptions: 'a://2', ResourceSubscriptions: ['a://2'] }
    expect(listen(spelledOtherwise)).toEqual({ notifications: rest, _meta: { k: 1 } })
  })
})

describe('reading', () => {
  it('stays open when only templates are configured', () => {
    const policy = createPolicy({ resourceTemplates: [] })
    expect(canRead(policy, 'a://anything')).toBe(true)
    expect(isAllowed(policy, 'completion/complete', { ref: { type: 'ref/resource', uri: 'a://{x}' } })).toBe(false)
  })

  it.each([
    'file:///docs/../docs/a.md',
    'file:///docs/./a.md',
    'file:///docs/%61.md',
    'file:///docs/a.md#x',
    'file:///docs/a.md?x',
    'FILE:///docs/a.md',
    'file:///docs//a.md',
    'file:///docs/a.md/',
    'file:///docs\\a.md',
    '__proto__',
    '',
  ])('refuses %s where an exact list has another spelling', (uri) => {
    expect(canRead(createPolicy({ resources: ['file:///docs/a.md'] }), uri)).toBe(false)
  })

  it('allows what an allowed template expands to, without leaving the place', () => {
    const policy = createPolicy({
      resources: [],
      resourceTemplates: ['t://issues/{id}', 'file:///docs/{+path}', 's://q{?a,b}'],
    })
    const allowed = ['t://issues/7', 't://issues/a%2Fb', 'file:///docs/a/b.md', 's://q', 's://q?a=1', 's://q?b=2&a=']
    const refused = [
      't://issues/',
      't://issues/7/secret',
      't://issues/..',
      't://issues/%2e%2e',
      't://issues/%252e%252e',
      't://issues/..%2fx',
      't://issues/7?x',
      't://issues/7#x',
      't://issues/7\\..',
      't://issues/a b',
      't://issues/%00',
      't://issues/%',
      'xt://issues/7',
      'file:///docs/../etc/passwd',
      'file:///docs/a/%2e%2e/b',
      'file:///docs/%2e%2e%5cx',
      's://q?c=1',
      's://q?a=1&a=2',
      's://q?a=1#f',
    ]
    expect([...allowed, ...refused].filter((uri) => canRead(policy, uri))).toEqual(allowed)
  })

  it('does not let a glob climb out of its place', () => {
    const policy = createPolicy({ resources: ['file:///docs/*'] })
    expect(canRead(policy, 'file:///docs/a/b.md')).toBe(true)
    expect(canRead(policy, 'file:///docs/../etc/passwd')).toBe(false)
    expect(canRead(policy, 'file:///docs/%2E%2e/etc/passwd')).toBe(false)
  })

  it('recognises what is denied in other spellings', () => {
    const policy = createPolicy({
      resources: ['file:///*', 't://issues/*'],
      deny: { resources: ['file:///secret.txt'], resourceTemplates: ['t://issues/{id}/private'] },
    })
    const everything = createPolicy({ deny: { resources: ['file:///secret.txt', 'file:///keys/*'] } })
    expect(canRead(policy, 'file:///open.txt')).toBe(true)
    expect(canRead(policy, 't://issues/7')).toBe(true)
    expect(canRead(policy, 't://issues/7/private')).toBe(false)
    expect(canRead(everything, 'file:///open.txt')).toBe(true)
    for (const uri of [
      'file:///secret.txt',
      'file:///%73ecret.txt',
      'file:///x/../secret.txt',
      'FILE:///secret.txt',
      'file:///%6beys/a',
    ]) {
      expect([uri, canRead(everything, uri)]).toEqual([uri, false])
    }
  })

  it('lists no resource that could not be read', () => {
    const policy = createPolicy({ resources: ['file:///*'], deny: { resources: ['file:///secret.txt'] } })
    const resources = ['file:///a', 'file:///x/../secret.txt', 'file:///secret.txt', 'http://b'].map((uri) => ({ uri }))
    expect(filterList(policy, 'resources/list', { resources })).toEqual({ resources: [{ uri: 'file:///a' }] })
  })

  it('is fast on URIs made to be slow', () => {
    const policy = createPolicy({
      resources: ['a*a*a*a*a*a*b'],
      resourceTemplates: ['a{x}{y}{z}{x}{y}b', 'a{+x}{+y}{+z}b'],
    })
    const uris = [
      'a'.repeat(8_000),
      'a'.repeat(4_000_000),
      '%25'.repeat(2_600),
      `a${'%25'.repeat(1_000_000)}`,
      `a%${'25'.repeat(4_000)}`,
    ]
    const started = performance.now()
    for (const uri of uris) expect(canRead(policy, uri)).toBe(false)
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('properties', () => {
  const name = fc.oneof(fc.constantFrom('a', 'b', 'get_x', '__proto__', 'constructor'), fc.string())

  it('nothing outside the allow-list is ever listed or called, and the input stays as it is', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(name.filter((text) => text !== '' && !text.includes('*'))),
        fc.array(fc.oneof(fc.record({ name: fc.oneof(name, fc.jsonValue()) }), fc.jsonValue())),
        (allowed, tools) => {
          const policy = createPolicy({ tools: allowed })
          const before = structuredClone(tools)
          const listed = filterList(policy, 'tools/list', { tools }).tools as { name: string }[]
          for (const tool of listed) expect(allowed).toContain(tool.name)
          for (const tool of tools as { name?: unknown }[]) {
            const isListed = typeof tool?.name === 'string' && allowed.includes(tool.name)
            expect(isAllowed(policy, 'tools/call', { name: tool?.name })).toBe(isListed)
          }
          expect(tools).toEqual(before)
        },
      ),
    )
  })

  it('a glob means what the equivalent regular expression means', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
    fc.assert(
      fc.property(
        letters.filter((text) => text !== ''),
        letters,
        (glob, text) => {
          const expected = new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(text) || glob === text
          expect(isAllowed(createPolicy({ tools: [glob] }), 'tools/call', { name: text })).toBe(expected)
        },
      ),
    )
  })
})
