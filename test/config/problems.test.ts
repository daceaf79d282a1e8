import { describe, expect, it } from 'vitest'
import { compileSound, describeProblems, type Files, openApi, operation, policy } from './write-project.ts'

const settings = '{ "version": 1 }'
const oneRoute = openApi({ '/mcp/x': { 'get,post': operation('x', ['sign-in']) } })
const onePolicy = { policies: [policy('sign-in', 'sign-in')] }

/** A sound project with some files replaced. */
function project(files: Files): Files {
  return {
    'sallyport.jsonc': settings,
    'config/routes.oas.json': oneRoute,
    'config/policies.json': onePolicy,
    ...files,
  }
}

const routes = (paths: object): Files => project({ 'config/routes.oas.json': openApi(paths) })

describe('problems of a project', () => {
  it('a sound project has none', async () => {
    expect(await describeProblems(project({}))).toBe('')
  })

  it('every problem of every file comes at once, in order', async () => {
    const files = {
      'sallyport.jsonc':
        '{\n  "version": 1,\n  "listn": { "port": 1 },\n  "limits": { "requestBodyByte": 1, "drainSeconds": "x" }\n}',
      'config/policies.json': `{ "policies": [
  { "name": "sign-in", "policyType": "sign-in-inbund",
    "handler": { "module": "$import(sallyport)", "export": "SignInPolicy", "options": {} } },
  { "name": "limit", "policyType": "limit-inbound",
    "handler": { "module": "$import(sallyport)", "export": "LimtPolicy",
                 "options": { "limit": "ten", "by": "usr", "matches": [] } } },
  { "name": "limit", "policyType": "limit-inbound" }
] }`,
      'config/a.oas.yaml': `openapi: 3.1.0
paths:
  /mcp/{team}:
    post:
      operationId: team
      x-gateway-route:
        handler: { module: $import(sallyport), export: McpProxHandler, options: {} }
        policies: { inbound: [limti] }
`,
      'config/b.oas.json': `{ "openapi": "3.1.0", "paths": { "/mcp/x": { "pots": {}, "get": {
  "operationId": "team",
  "x-gateway-route": { "handler": { "module": "$import(./modules/mine)", "export": "mine" }, "policies": { "outbound": ["z"] } }
} } } }`,
    }
    expect(
      await describeProblems(files),
    ).toBe(`config/a.oas.yaml:3:3 error: an MCP route cannot have path parameters: its URL names one virtual server
    at paths./mcp/{team}
    Write one path per virtual server.
config/a.oas.yaml:7:56 error: there is no handler "McpProxHandler"
    at paths./mcp/{team}.post.x-gateway-route.handler.export
    Write "McpProxyHandler".
config/a.oas.yaml:8:31 error: there is no policy "limti"
    at paths./mcp/{team}.post.x-gateway-route.policies.inbound[0]
    Write "limit".
config/b.oas.json:1:46 error: "pots" is not an HTTP method
    at paths./mcp/x.pots
    Write "post".
config/b.oas.json:1:58 warning: nobody signs in to this MCP route: whoever reaches it may use it
    at paths./mcp/x.get
    Add a policy of type mcp-oauth-inbound.
config/b.oas.json:2:18 error: the operationId "team" is used already at config/a.oas.yaml:4
    at paths./mcp/x.get.operationId
    Give each virtual server a name of its own.
config/b.oas.json:3:47 error: modules of your own are not supported yet: $import(./modules/mine)
    at paths./mcp/x.get.x-gateway-route.handler.module
    They arrive in a later version; write "$import(sallyport)".
config/b.oas.json:3:121 error: outbound policies are not supported yet: "z"
    at paths./mcp/x.get.x-gateway-route.policies.outbound[0]
    They arrive in a later version.
config/policies.json:2:13 warning: no route uses the policy "sign-in"
    at policies[0].name
config/policies.json:2:38 error: there is no policy type "sign-in-inbund"
    at policies[0].policyType
    Write "sign-in-inbound".
config/policies.json:4:13 warning: no route uses the policy "limit"
    at policies[1].name
config/policies.json:5:60 error: "LimtPolicy" is not the export of limit-inbound
    at policies[1].handler.export
    Write "LimitPolicy".
config/policies.json:6:40 error: must be a number, not a string
    at policies[1].handler.options.limit
config/policies.json:6:53 error: must be "user" or "ip" or "all"
    at policies[1].handler.options.by
    Write "user".
config/policies.json:6:60 error: "matches" is not known here
    at policies[1].handler.options.matches
    Write "match".
config/policies.json:7:3 error: "handler" is required
    at policies[2].handler
    Add an object.
config/policies.json:7:13 error: the name "limit" is used already on line 4
    at policies[2].name
    Give each policy a name of its own.
sallyport.jsonc:3:3 error: "listn" is not known here
    at listn
    Write "listen".
sallyport.jsonc:4:15 error: "requestBodyByte" is not known here
    at limits.requestBodyByte
    Write "requestBodyBytes".
sallyport.jsonc:4:53 error: must be a number, not a string
    at limits.drainSeconds`)
  })

  it('a missing directory and missing files are named', async () => {
    expect(await describeProblems({})).toMatchInlineSnapshot(`
      "config/policies.json:1:1 error: this file is missing
          Write { "policies": [] }.
      config/routes.oas.json:1:1 error: no config/*.oas.json, .jsonc or .yaml file
          Declare at least one route.
      sallyport.jsonc:1:1 error: this file is missing
          Run \`sallyport init\`, or write { "version": 1 }."
    `)
  })

  it('every syntax error is reported, and the other files are still checked', async () => {
    const files = project({
      'sallyport.jsonc': '{ "version": 1,\n  "a": 1 "b": }',
      'config/policies.json': '{ "policies": {} }',
    })
    expect(await describeProblems(files)).toMatchInlineSnapshot(`
      "config/policies.json:1:15 error: must be a list, not an object
          at policies
      config/routes.oas.json:22:15 error: there is no policy "sign-in"
          at paths./mcp/x.get,post.x-gateway-route.policies.inbound[0]
          Add it to config/policies.json.
      sallyport.jsonc:2:10 error: a comma is expected here
      sallyport.jsonc:2:15 error: a value is expected here"
    `)
  })

  it('routes are not blamed for policies that could not be read', async () => {
    expect(await describeProblems(project({ 'config/policies.json': '{' }))).toBe(
      'config/policies.json:1:2 error: a closing brace } is missing',
    )
  })

  it('a property given twice is an error at the second', async () => {
    expect(await describeProblems(project({ 'sallyport.jsonc': '{ "version": 1, "version": 1 }' }))).toBe(
      'sallyport.jsonc:1:17 error: "version" is given twice\n    at version',
    )
  })

  it.each([
    ['/.well-known/x', '/.well-known'],
    ['/oauth', '/oauth'],
    ['/auth/connections', '/auth'],
    ['/console', '/console'],
    ['/api/admin/x', '/api/admin'],
  ])('the path %s is the gateway’s own', async (path, reserved) => {
    expect(await describeProblems(routes({ [path]: { post: operation('x', ['sign-in']) } }))).toContain(
      `paths under ${reserved} belong to the gateway`,
    )
  })

  it('basePath moves the reserved paths', async () => {
    const files = {
      ...routes({
        '/gw/oauth': { post: operation('a', ['sign-in']) },
        '/oauth': { post: operation('b', ['sign-in']) },
      }),
      'sallyport.jsonc': '{ "version": 1, "basePath": "/gw" }',
    }
    const problems = await describeProblems(files)
    expect(problems).toContain('paths under /gw/oauth belong')
    expect(problems).not.toContain('paths under /oauth belong')
  })

  it.each([
    ['mcp', 'a path starts with "/"'],
    ['/mcp/', 'does not end with "/"'],
    ['/', 'does not end with "/"'],
    ['/a/../b', 'not a URL path'],
    ['/a//b', 'not a URL path'],
    ['/a b', 'not a URL path'],
    ['/a?b=c', 'not a URL path'],
  ])('the path %j is refused', async (path, message) => {
    expect(await describeProblems(routes({ [path]: { post: operation('x', ['sign-in']) } }))).toContain(message)
  })

  it('one path is one operation, over all files', async () => {
    const files = project({ 'config/a.oas.json': oneRoute })
    const problems = await describeProblems(files)
    expect(problems).toContain('the path /mcp/x is declared already at config/a.oas.json:9')
    expect(problems).toContain('the operationId "x" is used already at config/a.oas.json:9')
  })

  it('an operationId and post are required', async () => {
    const route = { get: { ...operation('x', ['sign-in']), operationId: undefined } }
    const problems = await describeProblems(routes({ '/mcp/x': route }))
    expect(problems).toContain('config/routes.oas.json:9:7 error: an MCP route needs an operationId')
    expect(problems).toContain('config/routes.oas.json:9:7 error: an MCP route needs the method post')
  })

  it('a misspelled extension is an error, somebody else’s is not', async () => {
    const { 'x-gateway-route': route, ...rest } = operation('x', ['sign-in']) as { 'x-gateway-route': object }
    const problems = await describeProblems(
      routes({ '/mcp/x': { post: { ...rest, 'x-gatway-route': route, 'x-other': 1 } } }),
    )
    expect(problems).toContain('"x-gatway-route" is not known here')
    expect(problems).not.toContain('x-other')
  })

  it('an MCP route without sign-in is a warning', async () => {
    const problems = await describeProblems({
      ...routes({ '/mcp/x': { post: operation('x', []) } }),
      'config/policies.json': {},
    })
    expect(problems).toContain('config/routes.oas.json:9:7 warning: nobody signs in to this MCP route')
    expect(problems).not.toContain('error')
  })

  it('a second sign-in policy is refused', async () => {
    const policies = [policy('sign-in', 'sign-in'), policy('other', 'sign-in')]
    expect(await describeProblems(project({ 'config/policies.json': { policies } }))).toContain(
      'a project has one sign-in policy, and "sign-in" is one already\n    at policies[1].policyType',
    )
  })

  it('`start` wants https and no dev login; both are said at once', async () => {
    const files = project({
      'sallyport.jsonc': '{ "version": 1, "publicUrl": "http://gateway.example" }',
      'config/policies.json': { policies: [policy('sign-in', 'sign-in', { devLogin: true })] },
    })
    const problems = await describeProblems(files, { mode: 'start' })
    expect(problems).toContain('sallyport.jsonc:1:30 error: `sallyport start` needs an https publicUrl')
    expect(problems).toContain('`sallyport start` refuses dev login')
    expect(await describeProblems(project({}), { mode: 'start' })).toContain(
      '"publicUrl" is required by `sallyport start`',
    )
    const sound = project({ 'sallyport.jsonc': '{ "version": 1, "publicUrl": "https://gateway.example" }' })
    expect(await describeProblems(sound, { mode: 'start' })).toBe('')
  })

  it.each([
    ['{ "version": 1, "listen": { "host": "0.0.0.0" } }', 'dev login needs a listener that only this machine reaches'],
    [
      '{ "version": 1, "publicUrl": "https://tunnel.example" }',
      'dev login needs a publicUrl that only this machine reaches',
    ],
    [
      '{ "version": 1, "publicUrl": "http://gateway.localhost:9000" }',
      'dev login needs a publicUrl that only this machine reaches',
    ],
  ])('dev login stays on this machine: %s', async (text, message) => {
    const policies = [policy('sign-in', 'sign-in', { devLogin: true })]
    expect(
      await describeProblems(project({ 'sallyport.jsonc': text, 'config/policies.json': { policies } })),
    ).toContain(message)
  })

  it.each(['https://a.example/path', 'https://a.example?x=1', 'https://u:p@a.example'])(
    'publicUrl %s is no origin',
    async (url) => {
      const files = project({ 'sallyport.jsonc': JSON.stringify({ version: 1, publicUrl: url }) })
      expect(await describeProblems(files)).toContain('must be an origin')
    },
  )

  it.each([
    ['allowedHosts', 'https://mcp.example.com', 'must be a host name without scheme'],
    ['allowedHosts', '*.example.com', 'must be a host name without scheme'],
    ['allowedOrigins', 'https://app.example/', 'must be `*` or an origin'],
    ['allowedOrigins', 'app.example', 'must be `*` or an origin'],
    ['trustedProxies', 'nginx', 'must be an address or a CIDR range'],
    ['trustedProxies', '10.0.0.0/33', 'must be an address or a CIDR range'],
  ])('%s refuses %s, which no request would match', async (name, value, message) => {
    const files = project({ 'sallyport.jsonc': JSON.stringify({ version: 1, [name]: [value] }) })
    expect(await describeProblems(files)).toContain(`error: ${message}`)
  })

  it.each([
    ['http://admin.example.com', 'the console needs https where others can reach it'],
    ['https://admin.example.com/console', 'must be an origin without a path'],
    ['ftp://admin.example.com', 'admin.publicUrl'],
  ])('the console is not at %s', async (publicUrl, message) => {
    const files = project({ 'sallyport.jsonc': JSON.stringify({ version: 1, admin: { publicUrl } }) })
    expect(await describeProblems(files)).toContain(message)
  })

  it('host names, origins and networks are accepted in their usual forms', async () => {
    const settings = {
      version: 1,
      allowedHosts: ['mcp.example.com', 'gateway:9000', '[::1]', '10.0.0.7'],
      allowedOrigins: ['https://app.example', 'https://*.example.com', 'vscode-webview://abc', 'http://localhost:6274'],
      trustedProxies: ['10.0.0.0/8', '127.0.0.1', '::1', 'fd00::/8'],
    }
    expect(await describeProblems(project({ 'sallyport.jsonc': JSON.stringify(settings) }))).toBe('')
  })

  it('says which number is not whole', async () => {
    const files = project({ 'sallyport.jsonc': '{ "version": 1, "limits": { "capabilities": 1.5 } }' })
    expect(await describeProblems(files)).toContain('must be a whole number, not 1.5')
  })

  it('cors policies are looked up, with suggestions', async () => {
    const route = operation('x', ['sign-in']) as { 'x-gateway-route': object }
    const post = { ...route, 'x-gateway-route': { ...route['x-gateway-route'], corsPolicy: 'anything-gos' } }
    expect(await describeProblems(routes({ '/mcp/x': { post } }))).toContain('there is no CORS policy "anything-gos"')
    const corsPolicies = [{ name: 'none', allowedOrigins: 'https://a.example/x, *', allowCredentials: true }]
    const problems = await describeProblems(project({ 'config/policies.json': { ...onePolicy, corsPolicies } }))
    expect(problems).toContain('the name "none" is taken')
    expect(problems).toContain('"https://a.example/x" is not an origin')
    expect(problems).toContain('"*" together with allowCredentials')
  })

  it('no problem repeats a value that may be a secret', async () => {
    const secret = 'hunter2-hunter2'
    const options = {
      devLogin: secret,
      clientSecret: [secret],
      clientSecrt: secret,
      deep: { [secret.slice(0, 3)]: secret },
    }
    const files = project({ 'config/policies.json': { policies: [policy('sign-in', 'sign-in', options)] } })
    const problems = await describeProblems(files)
    expect(problems).toContain('Write "clientSecret".')
    expect(problems).not.toContain(secret)
  })
})

describe('the tenant of a route', () => {
  const withTenant = (tenant: unknown) => {
    const { 'x-gateway-route': route, ...rest } = operation('x', ['sign-in']) as { 'x-gateway-route': object }
    return routes({ '/mcp/x': { post: { ...rest, 'x-gateway-route': { ...route, tenant } } } })
  }

  it('is that of its virtual server', async () => {
    const project = await compileSound(withTenant('acme'))
    expect([project.routes[0]?.tenant, project.virtualServers[0]?.tenant]).toEqual(['acme', 'acme'])
  })

  it.each(['Acme', '', 'a b', 7])('cannot be %j', async (tenant) => {
    expect(await describeProblems(withTenant(tenant))).toContain('paths./mcp/x.post.x-gateway-route.tenant')
  })
})

describe('a compiled project', () => {
  it('has its virtual servers with their URLs', async () => {
    const project = await compileSound({
      'sallyport.jsonc': '{ "version": 1, "publicUrl": "https://Gateway.example:443/" }',
      'config/routes.oas.json': openApi({ '/mcp/x': { 'get,post': operation('x', ['sign-in', 'limit']) } }),
      'config/policies.json': { policies: [policy('limit', 'limit', { limit: 5 }), policy('sign-in', 'sign-in')] },
    })
    expect(project.publicUrl).toBe('https://gateway.example')
    expect(project.virtualServers).toEqual([
      {
        name: 'x',
        title: 'x',
        description: undefined,
        path: '/mcp/x',
        resource: 'https://gateway.example/mcp/x',
        metadataUrl: 'https://gateway.example/.well-known/oauth-protected-resource/mcp/x',
        scopes: ['mcp:tools'],
        baseScopes: ['mcp:tools'],
        upstream: 'up.example',
        registry: { listed: true, icons: [], documentVersion: '1' },
      },
    ])
    const [route] = project.routes
    expect(route?.methods).toEqual(['GET', 'POST'])
    expect(route?.inbound.map((spec) => [spec.name, spec.options])).toEqual([
      ['sign-in', { devLogin: false }],
      ['limit', { limit: 5, by: 'ip' }],
    ])
    expect(project.signIn?.devLogin).toBe(false)
  })

  it('takes its public URL from the listener in dev', async () => {
    expect((await compileSound(project({}), { listenUrl: 'http://127.0.0.1:4711' })).publicUrl).toBe(
      'http://127.0.0.1:4711',
    )
    expect((await compileSound(project({}))).publicUrl).toBe('http://127.0.0.1:9000')
  })

  it('signs nobody in when no route does', async () => {
    const compiled = await compileSound(routes({ '/mcp/x': { post: operation('x', []) } }))
    expect(compiled.signIn).toBeUndefined()
    expect(compiled.warnings.map((warning) => warning.message)).toContain('no route uses the policy "sign-in"')
  })

  it('has the hash of its files, which changes with each of them', async () => {
    const hashes = await Promise.all(
      [{}, {}, { '.env': 'A=1' }, { 'sallyport.jsonc': '{"version":1}' }].map(
        async (files) => (await compileSound(project(files))).contentHash,
      ),
    )
    expect(hashes[0]).toBe(hashes[1])
    expect(new Set(hashes).size).toBe(3)
  })
})
