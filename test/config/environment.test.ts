import { describe, expect, it } from 'vitest'
import { compileSound, describeProblems, type Files, openApi, operation, policy } from './write-project.ts'

function project(options: object, rewritePattern = 'https://up.example/mcp', more: Files = {}): Files {
  return {
    'sallyport.jsonc': '{ "version": 1 }',
    'config/routes.oas.json': openApi({ '/mcp/x': { post: operation('x', ['sign-in'], rewritePattern) } }),
    'config/policies.json': { policies: [policy('sign-in', 'sign-in', options)] },
    ...more,
  }
}

async function secretOf(
  clientSecret: string,
  environment: { [name: string]: string },
  more: Files = {},
): Promise<unknown> {
  const { routes } = await compileSound(project({ clientSecret }, undefined, more), { environment })
  const options = routes[0]?.inbound[0]?.options as { clientSecret: unknown } | undefined
  return options?.clientSecret
}

describe('variables', () => {
  it('stand alone or in text', async () => {
    expect(await secretOf('$env(A)', { A: 'one' })).toBe('one')
    expect(await secretOf('Bearer $env(A)-$env(B)', { A: 'one', B: 'two' })).toBe('Bearer one-two')
  })

  it('are not searched for more variables', async () => {
    expect(await secretOf('$env(A)', { A: '$env(B) $& ${env.B}', B: 'two' })).toBe('$env(B) $& ${env.B}')
  })

  it('come from .env, and the process goes before it', async () => {
    const more = { '.env': 'A=file\nB="quoted value"\n' }
    expect(await secretOf('$env(A) $env(B)', { A: 'process' }, more)).toBe('process quoted value')
  })

  it('work at any depth and in lists', async () => {
    const files = {
      ...project({}),
      'config/policies.json': {
        policies: [
          policy('sign-in', 'sign-in'),
          policy('limit', 'limit', { limit: 1, match: ['$env(A)', { name: '$env(B)' }] }),
        ],
      },
      'config/routes.oas.json': openApi({ '/mcp/x': { post: operation('x', ['sign-in', 'limit']) } }),
    }
    const { routes } = await compileSound(files, { environment: { A: 'one', B: 'two' } })
    expect(routes[0]?.inbound[1]?.options).toEqual({ limit: 1, by: 'ip', match: ['one', { name: 'two' }] })
  })

  it('stand in URLs in either spelling', async () => {
    const environment = { HOST: 'a.example', URL: 'https://b.example/mcp' }
    const upstream = async (pattern: string) =>
      (await compileSound(project({}, pattern), { environment })).routes[0]?.upstreamUrl
    expect(await upstream('https://${env.HOST}/mcp')).toBe('https://a.example/mcp')
    expect(await upstream('$env(URL)')).toBe('https://b.example/mcp')
  })

  it('that are not set are problems, once each, naming the variable and the way to set it', async () => {
    const problems = await describeProblems(
      project({ devLogin: '$env(DEV)', clientSecret: '$env(KEY)' }, 'https://${env.HOST}'),
    )
    expect(problems).toMatchInlineSnapshot(`
      "config/policies.json:10:23 error: the environment variable DEV is not set
          at policies[0].handler.options.devLogin
          Add DEV=… to .env, or set it where the gateway runs.
      config/policies.json:11:27 error: the environment variable KEY is not set
          at policies[0].handler.options.clientSecret
          Add KEY=… to .env, or set it where the gateway runs.
      config/routes.oas.json:17:33 error: the environment variable HOST is not set
          at paths./mcp/x.post.x-gateway-route.handler.options.rewritePattern
          Add HOST=… to .env, or set it where the gateway runs."
    `)
  })

  it('are not found in the prototype of the environment', async () => {
    expect(await describeProblems(project({ clientSecret: '$env(constructor)' }))).toContain('constructor is not set')
  })

  it.each(['${request.url}', '${1+1}', 'https://${HOST}'])(
    'nothing else is evaluated in a URL: %s',
    async (pattern) => {
      expect(await describeProblems(project({}, pattern))).toContain('is not supported in a URL')
    },
  )

  it('are refused outside options', async () => {
    const files = {
      ...project({}),
      'config/routes.oas.json': openApi({ '/mcp/$env(A)': { post: operation('$env(A)', ['$env(A)']) } }),
      'config/policies.json': { policies: [{ ...policy('sign-in', 'sign-in'), policyType: '$env(A)' }] },
    }
    const problems = await describeProblems(files, { environment: { A: 'a' } })
    expect(problems.match(/\$env\(\) is not allowed here/g)).toHaveLength(4)
    expect(await describeProblems(project({ clientSecret: '${env.A}' }))).toContain('works in URL options only')
  })
})
