import { describe, expect, it } from 'vitest'
import { compileProject } from '../config/compile-project.ts'
import { parseProject } from '../config/load-project.ts'
import type { Project } from '../config/project.ts'
import { findSecretChanges } from './find-secret-changes.ts'
import { projectTypes } from './project-editor-of.ts'

const signInAt = (issuer: string) =>
  signIn({ oidc: { issuer }, browserLogin: { clientId: 'g', clientSecret: '$env(STRIPE_KEY)' } })

interface TestRoute {
  readonly upstream?: string
  readonly inbound?: readonly string[]
  readonly members?: readonly string[]
  readonly enabled?: boolean
  readonly options?: object
}

interface TestProject {
  readonly settings?: object
  readonly policies?: { readonly [name: string]: readonly [type: string, exportName: string, options: object] }
  readonly corsPolicies?: readonly object[]
  readonly routes?: { readonly [name: string]: TestRoute }
}

const environment = {
  STRIPE_KEY: 'stripe-0123456789',
  HOOK: 'h'.repeat(24),
  TRACKER: 'https://tracker.example',
  ON: 'tr',
}
const importing = { module: '$import(sallyport)' }

async function compile({ settings = {}, policies = {}, corsPolicies, routes = {} }: TestProject): Promise<Project> {
  const entries = Object.entries(policies).map(([name, [policyType, exported, options]]) => {
    return { name, policyType, handler: { ...importing, export: exported, options } }
  })
  const paths = Object.entries(routes).map(
    ([operationId, { upstream, inbound = [], members, enabled = true, options }]) => {
      const handler =
        members === undefined
          ? { ...importing, export: 'McpProxyHandler', options: { rewritePattern: upstream, ...options } }
          : { ...importing, export: 'McpAggregateHandler', options: { members: memberOptions(members) } }
      return [
        `/mcp/${operationId}`,
        { post: { operationId, 'x-gateway-route': { handler, policies: { inbound }, enabled } } },
      ]
    },
  )
  const texts = {
    'sallyport.jsonc': { version: 1, ...settings },
    'config/routes.oas.json': {
      openapi: '3.1.0',
      info: { title: 'T', version: '1' },
      paths: Object.fromEntries(paths),
    },
    'config/policies.json': { policies: entries, corsPolicies },
  }
  const files = new Map(Object.entries(texts).map(([file, value]) => [file, Buffer.from(JSON.stringify(value))]))
  const compiled = compileProject(await parseProject('/project', files, [], environment), {
    ...projectTypes,
    mode: 'dev',
  })
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.project
}

const memberOptions = (members: readonly string[]) => Object.fromEntries(members.map((route) => [route, { route }]))

async function changesOf(before: TestProject, after: TestProject, isTyped = true) {
  return findSecretChanges(await compile(before), await compile(after), { isTyped })
}

const key = (value: string) => ['set-upstream-api-key-inbound', 'SetUpstreamApiKeyInboundPolicy', { value }] as const
const headers = (...list: { name: string; value: string }[]) =>
  ['set-headers-inbound', 'SetHeadersInboundPolicy', { headers: list }] as const
const broker = (options: object) =>
  ['mcp-token-exchange-inbound', 'McpTokenExchangeInboundPolicy', { displayName: 'D', ...options }] as const
const signIn = (options: object) => ['mcp-oauth-inbound', 'McpOAuthInboundPolicy', options] as const

const pay = { upstream: 'https://pay.example/mcp', inbound: ['key'] }
const base: TestProject = { policies: { key: key('Bearer $env(STRIPE_KEY)') }, routes: { pay } }
const machine = (clientCredentials: object) =>
  broker({ authMode: 'client-credentials', clientCredentials: { clientAuth, ...clientCredentials } })
const clientAuth = { method: 'client_secret_basic', clientId: 'c', clientSecret: '$env(STRIPE_KEY)' }

describe('a change that takes a variable elsewhere', () => {
  const evil = 'https://evil.example'
  it.each<[string, TestProject, TestProject, readonly string[]]>([
    ['the route to another host', base, { ...base, routes: { pay: { ...pay, upstream: `${evil}/mcp` } } }, [evil]],
    [
      'another port',
      base,
      { ...base, routes: { pay: { ...pay, upstream: 'https://pay.example:8443/mcp' } } },
      ['https://pay.example:8443'],
    ],
    [
      'no TLS',
      base,
      { ...base, routes: { pay: { ...pay, upstream: 'http://pay.example/mcp' } } },
      ['http://pay.example'],
    ],
    [
      'the policy on another route',
      base,
      { ...base, routes: { pay, mine: { ...pay, upstream: `${evil}/mcp` } } },
      [evil],
    ],
    [
      'a route that is switched off',
      base,
      { ...base, routes: { pay, mine: { ...pay, upstream: `${evil}/mcp`, enabled: false } } },
      [evil],
    ],
    [
      'a policy of its own',
      base,
      {
        policies: { ...base.policies, mine: headers({ name: 'x', value: '$env(STRIPE_KEY)' }) },
        routes: { pay, mine: { upstream: evil, inbound: ['mine'] } },
      },
      [evil],
    ],
    [
      'a URL',
      base,
      { ...base, routes: { pay, mine: { upstream: `${evil}/\${env.STRIPE_KEY}` } } },
      ['the host that $env(STRIPE_KEY) names'],
    ],
    [
      'an aggregate whose members are elsewhere',
      { ...base, routes: { pay, other: { upstream: evil }, all: { members: ['pay'], inbound: ['key'] } } },
      { ...base, routes: { pay, other: { upstream: evil }, all: { members: ['pay', 'other'], inbound: ['key'] } } },
      [evil],
    ],
    [
      'a member of it that moves',
      {
        ...base,
        routes: { pay, other: { upstream: 'https://pay.example/b' }, all: { members: ['other'], inbound: ['key'] } },
      },
      { ...base, routes: { pay, other: { upstream: evil }, all: { members: ['other'], inbound: ['key'] } } },
      [evil],
    ],
    [
      'a token endpoint',
      { policies: { key: machine({ tokenUrl: 'https://as.example/token' }) }, routes: { pay } },
      { policies: { key: machine({ tokenUrl: `${evil}/token` }) }, routes: { pay } },
      [evil],
    ],
    [
      'an alert',
      { ...base, settings: { alerts: { webhooks: [{ url: 'https://ops.example', secret: '$env(HOOK)' }] } } },
      { ...base, settings: { alerts: { webhooks: [{ url: evil, secret: '$env(HOOK)' }] } } },
      [evil],
    ],
    [
      'a collector, whose headers stand deeper than its URL',
      { ...base, settings: { telemetry: { otlp: { url: 'https://ops.example', headers: { key: '$env(HOOK)' } } } } },
      { ...base, settings: { telemetry: { otlp: { url: evil, headers: { key: '$env(HOOK)' } } } } },
      [evil],
    ],
    [
      'an identity provider',
      {
        policies: {
          in: signInAt('https://idp.example'),
        },
        routes: { pay: { ...pay, inbound: ['in'] } },
      },
      {
        policies: {
          in: signInAt(evil),
        },
        routes: { pay: { ...pay, inbound: ['in'] } },
      },
      [evil],
    ],
  ])('by %s is listed with the host', async (_by, before, after, hosts) => {
    const changes = await changesOf(before, after)
    expect(changes.map((each) => each.hosts)).toEqual([hosts])
    expect(JSON.stringify(changes)).not.toContain('stripe-0123456789')
    expect(await changesOf(before, before)).toEqual([])
    expect(await changesOf(after, after)).toEqual([])
  })

  it('by the URL of a database that it is part of is listed', async () => {
    const stored = (host: string) => {
      return { ...base, settings: { events: { postgres: { url: `postgres://u:$env(HOOK)@${host}/events` } } } }
    }
    expect(await changesOf(stored('db.example'), stored('evil.example'))).toMatchObject([{ variable: 'HOOK' }])
    expect(await changesOf(stored('db.example'), stored('db.example'))).toEqual([])
  })

  it('names the variable, the host and the place', async () => {
    const [change] = await changesOf(base, { ...base, routes: { pay: { ...pay, upstream: evil } } })
    expect(change).toEqual({
      what: '$env(STRIPE_KEY) could be sent to https://evil.example (value of the policy "key" of "pay")',
      variable: 'STRIPE_KEY',
      hosts: [evil],
    })
  })

  it('does not show the variable where it is the name of a host', async () => {
    const url = `https://\${env.ON}x.evil.example/`
    const changes = await changesOf(base, { ...base, routes: { pay, mine: { upstream: url } } })
    expect(changes).toHaveLength(1)
    expect(JSON.stringify(changes)).not.toContain('trx')
  })
})

describe('a change that has a variable used elsewhere', () => {
  it.each<[string, TestProject]>([
    [
      'in another option',
      {
        policies: { ...base.policies, more: headers({ name: 'x', value: '$env(STRIPE_KEY)' }) },
        routes: { pay: { ...pay, inbound: ['key', 'more'] } },
      },
    ],
    [
      'in what people see',
      {
        policies: { ...base.policies, seen: broker({ displayName: '$env(STRIPE_KEY)', authMode: 'user-oauth' }) },
        routes: { pay, other: { upstream: pay.upstream, inbound: ['seen'] } },
      },
    ],
    [
      'in a header of CORS',
      { ...base, corsPolicies: [{ name: 'c', allowedOrigins: ['https://a.example'], exposeHeaders: ['$env(ON)'] }] },
    ],
    ['in a setting', { ...base, settings: { allowedOrigins: ['https://$env(ON).example'] } }],
    ['for the first time', { ...base, routes: { pay: { ...pay, upstream: 'https://pay.example/$env(HOOK)' } } }],
  ])('%s is listed', async (_where, after) => {
    expect(await changesOf(base, after)).toHaveLength(1)
  })

  it('with weaker checks of who receives it is listed', async () => {
    const trusting = (trustedHosts: string[]) => {
      return {
        policies: { key: broker({ authMode: 'shared-api-key', apiKey: { value: '$env(STRIPE_KEY)' }, trustedHosts }) },
        routes: { pay },
      }
    }
    expect(await changesOf(trusting([]), trusting(['internal:8443']))).toMatchObject([
      { variable: 'STRIPE_KEY', hosts: [] },
    ])
  })

  it('by a policy that no route named so far is listed', async () => {
    const named = (inbound: string[]) => {
      const oidc = { issuer: 'https://idp.example' }
      const options = { oidc, browserLogin: { clientId: 'g', clientSecret: '$env(STRIPE_KEY)' } }
      return { policies: { in: signIn(options) }, routes: { pay: { ...pay, inbound } } }
    }
    expect(await changesOf({ routes: { pay: { ...pay, inbound: [] } } }, named([]))).toEqual([])
    expect(await changesOf(named([]), named(['in']))).toMatchObject([{ variable: 'STRIPE_KEY' }])
  })

  it('in another option of the same policy is listed', async () => {
    const named = (displayName: string) => {
      const options = { displayName, authMode: 'shared-api-key', apiKey: { value: '$env(STRIPE_KEY)' } }
      return { policies: { key: broker(options) }, routes: { pay } }
    }
    const [change, ...others] = await changesOf(named('Pay'), named('$env(STRIPE_KEY)'))
    expect(change?.what).toContain('would be used where it was not used before (displayName of the policy "key"')
    expect(others).toEqual([])
  })

  it('with token endpoints that change places is listed', async () => {
    const swapped = (one: string, two: string) => {
      const idJag = { idp: { tokenUrl: one, clientAuth }, resourceAs: { tokenUrl: two, audience: 'a', clientAuth } }
      return { policies: { key: broker({ authMode: 'id-jag', idJag }) }, routes: { pay } }
    }
    const [one, two] = ['https://idp.example/token', 'https://as.example/token']
    const changes = await changesOf(swapped(one, two), swapped(two, one))
    expect(changes.map((each) => each.variable)).toEqual(['STRIPE_KEY', 'STRIPE_KEY', null])
  })
})

describe('a change that leaves secrets where they are', () => {
  const shared = broker({ authMode: 'shared-api-key', apiKey: { value: '$env(STRIPE_KEY)' } })
  it.each<[string, TestProject, TestProject]>([
    [
      'another path of the same host',
      base,
      { ...base, routes: { pay: { ...pay, upstream: 'https://pay.example/v2' } } },
    ],
    ['another route to the same host', base, { ...base, routes: { pay, more: pay } }],
    [
      'another name of the policy',
      base,
      { policies: { k2: key('Bearer $env(STRIPE_KEY)') }, routes: { pay: { ...pay, inbound: ['k2'] } } },
    ],
    ['nothing left of it', base, { ...base, routes: { pay: { ...pay, inbound: [] } } }],
    ['switched off', base, { ...base, routes: { pay: { ...pay, enabled: false } } }],
    ['switched on', { ...base, routes: { pay: { ...pay, enabled: false } } }, base],
    ['a new route without it', base, { ...base, routes: { pay, mine: { upstream: 'https://mine.example' } } }],
    [
      'another header beside it',
      { policies: { key: headers({ name: 'x', value: '$env(STRIPE_KEY)' }) }, routes: { pay } },
      {
        policies: { key: headers({ name: 'team', value: 'a' }, { name: 'x', value: '$env(STRIPE_KEY)' }) },
        routes: { pay },
      },
    ],
    [
      'another name for people',
      { policies: { key: shared }, routes: { pay } },
      { policies: { key: [shared[0], shared[1], { ...shared[2], displayName: 'E' }] }, routes: { pay } },
    ],
    [
      'a URL of a variable',
      { routes: { a: { upstream: '${env.TRACKER}/a' } } },
      { routes: { a: { upstream: '${env.TRACKER}/a' }, b: { upstream: '${env.TRACKER}/b' } } },
    ],
    [
      'a sign-in on a new route',
      {
        policies: {
          in: signInAt('https://idp.example'),
        },
        routes: { pay: { ...pay, inbound: ['in'] } },
      },
      {
        policies: {
          in: signInAt('https://idp.example'),
        },
        routes: { pay: { ...pay, inbound: ['in'] }, mine: { upstream: 'https://mine.example', inbound: ['in'] } },
      },
    ],
  ])('is nobody’s business: %s', async (_what, before, after) => {
    expect(await changesOf(before, after)).toEqual([])
  })
})

describe('a secret that stands in the files', () => {
  const literal: TestProject = { ...base, policies: { key: key('Bearer literal-0123456789') } }
  const moved = { ...literal, routes: { pay: { ...pay, upstream: 'https://evil.example' } } }

  it('is one as well, and is not named', async () => {
    const changes = await changesOf(literal, moved)
    expect(changes).toMatchObject([{ variable: null, hosts: ['https://evil.example'] }])
    expect(JSON.stringify(changes)).not.toContain('literal-0123456789')
  })

  it('is nobody’s own because no route named its policy so far', async () => {
    const idle = { ...literal, routes: { pay: { ...pay, inbound: [] } } }
    expect(await changesOf(idle, literal)).toMatchObject([{ variable: null, hosts: ['https://pay.example'] }])
    expect(await changesOf(literal, idle)).toEqual([])
  })

  it('is one also where no schema says so: its mask can be moved', async () => {
    const tokenUrl = 'https://as.example/token?api_key=0123456789abcdef'
    const before = { policies: { key: machine({ tokenUrl }) }, routes: { pay } }
    const mine = { mine: { upstream: 'https://evil.example', inbound: ['mine'] } }
    const after = {
      policies: { ...before.policies, mine: headers({ name: 'x', value: tokenUrl }) },
      routes: { pay, ...mine },
    }
    const [change] = await changesOf(before, after)
    expect(change?.variable).toBeNull()
    expect(change?.hosts).toContain('https://evil.example')
  })

  it('belongs to whoever types it, but not out of the history', async () => {
    const without = { ...moved, policies: { key: key('other') } }
    expect(await changesOf(without, moved)).toEqual([])
    expect(await changesOf(without, moved, false)).toHaveLength(1)
  })
})

it('the tokens of people go to another token endpoint as little as a variable', async () => {
  const exchange = (tokenUrl: string) => {
    const own = { method: 'client_secret_basic', clientId: 'c', clientSecret: 'typed-by-whoever-edits' }
    return {
      policies: { key: broker({ authMode: 'token-exchange', tokenExchange: { tokenUrl, clientAuth: own } }) },
      routes: { pay },
    }
  }
  const [change] = await changesOf(
    { routes: { pay: { upstream: pay.upstream } } },
    exchange('https://evil.example/token'),
  )
  expect(change).toMatchObject({ variable: null, hosts: ['https://evil.example', 'https://pay.example'] })
  expect(await changesOf(exchange('https://a.example/1'), exchange('https://a.example/2'))).toEqual([])
})
