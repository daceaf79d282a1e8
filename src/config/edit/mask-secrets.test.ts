import { describe, expect, it } from 'vitest'
import { handlerTypes } from '../../handlers/index.ts'
import { policyTypes } from '../../policies/index.ts'
import { maskBoth, maskSecrets, refuseShownSecrets, restoreSecrets } from './mask-secrets.ts'

const types = { policyTypes, handlerTypes }
const mask = async (file: string, text: string) => (await maskSecrets(file, text, types)).text

const policies = (policyType: string, options: string) =>
  `{ "policies": [ { "name": "p", "policyType": "${policyType}", "handler": { "module": "m", "export": "E", "options": ${options} } } ] }`

describe('a secret that stands in a file', () => {
  it.each([
    [
      'what a policy declares as secret',
      'mcp-oauth-inbound',
      '{ "browserLogin": { "clientSecret": "0123456789abcdef" } }',
    ],
    ['what it declares deeper down', 'mcp-token-exchange-inbound', '{ "apiKey": { "value": "0123456789abcdef" } }'],
    ['a header', 'set-headers-inbound', '{ "headers": [ { "name": "x", "value": "Bearer 0123456789abcdef" } ] }'],
    ['what its name says, of a policy that nobody knows', 'no-such-policy', '{ "apiToken": "0123456789abcdef" }'],
    ['a password in a URL', 'no-such-policy', '{ "url": "https://me:0123456789abcdef@host/" }'],
  ])('is masked: %s', async (_what, type, options) => {
    const text = policies(type, options)
    const shown = await mask('config/policies.json', text)
    expect(shown).not.toContain('0123456789abcdef')
    expect(shown).toContain('"[secret 1]"')
  })

  it('is masked in an environment of a program, and in YAML', async () => {
    const yaml = `openapi: 3.1.0
paths:
  /mcp/x:
    post:
      operationId: x
      x-gateway-route:
        handler:
          module: $import(sallyport)
          export: McpStdioHandler
          options:
            command: run
            env: { MODE: fast-and-secret } # of the program
`
    const shown = await mask('config/routes.oas.yaml', yaml)
    expect(shown).toContain('env: { MODE: "[secret 1]" } # of the program')
    const edits = [{ kind: 'write', file: 'config/routes.oas.yaml', base: 'b', text: `# more\n${shown}` }] as const
    const [restored] = await restoreSecrets(edits, new Map([['config/routes.oas.yaml', yaml]]), types)
    expect(restored).toMatchObject({ text: `# more\n${yaml}` })
  })

  it('is masked in a file that is broken further down', async () => {
    const text = '{ "clients": [ { "id": "a", "secret": "0123456789abcdef" } ], "version": '
    expect(await mask('sallyport.jsonc', text)).toBe(
      '{ "clients": [ { "id": "a", "secret": "[secret 1]" } ], "version": ',
    )
  })

  it('is masked however long the text around it is', async () => {
    const text = JSON.stringify({ note: `${'x '.repeat(9000)}Bearer 0123456789abcdef` })
    expect(await mask('sallyport.jsonc', text)).not.toContain('0123456789abcdef')
  })

  it.each([
    ['a variable', policies('mcp-oauth-inbound', '{ "browserLogin": { "clientSecret": "$env(SECRET)" } }')],
    ['a variable behind a scheme', policies('set-headers-inbound', '{ "value": "Bearer $env(SECRET)" }')],
    [
      'URLs and names',
      policies('mcp-oauth-inbound', '{ "oidc": { "issuer": "https://idp.example" }, "tokenUrl": "https://x" }'),
    ],
    ['an empty text', policies('mcp-oauth-inbound', '{ "browserLogin": { "clientSecret": "" } }')],
  ])('is none: %s', async (_what, text) => expect(await mask('config/policies.json', text)).toBe(text))

  it('has the same mask on both sides of a diff, and another one when it changed', async () => {
    const clients = (...secrets: string[]) => JSON.stringify({ clients: secrets.map((secret) => ({ secret })) })
    const texts = [clients('one-of-them', 'two-of-them'), clients('three', 'one-of-them', 'two-of-them')] as const
    expect(await maskBoth('sallyport.jsonc', texts, types)).toEqual([
      clients('[secret 1]', '[secret 2]'),
      clients('[secret 3]', '[secret 1]', '[secret 2]'),
    ])
    expect(await maskBoth('sallyport.jsonc', [null, texts[0]], types)).toEqual([
      null,
      clients('[secret 1]', '[secret 2]'),
    ])
  })

  it('comes back into a value, and a mask of nothing is refused', async () => {
    const text = '{ "clients": [ { "id": "a", "secret": "0123456789abcdef" } ] }'
    const texts = new Map([['sallyport.jsonc', text]])
    const edit = (value: unknown) => [{ kind: 'set', file: 'sallyport.jsonc', path: ['clients', 0], value }] as const
    const [restored] = await restoreSecrets(edit({ id: 'b', secret: '[secret 1]' }), texts, types)
    expect(restored).toMatchObject({ value: { id: 'b', secret: '0123456789abcdef' } })
    await expect(restoreSecrets(edit({ secret: '[secret 2]' }), texts, types)).rejects.toThrow('stands for no secret')
  })
})

describe('an alias of YAML', () => {
  const file = 'config/routes.oas.yaml'
  const route = (mode: string, summary: string) => `paths:
  /mcp/x:
    post:
      x-gateway-route: { handler: { export: McpStdioHandler, options: { command: run, env: ${mode} } } }
      summary: ${summary}
`
  const before = new Map([[file, route('{ MODE: fast-and-secret }', 'X')]])
  const edit = (text: string) => refuseShownSecrets(before, new Map([[file, text]]), types)

  it.each([
    ['of the secret', route('{ MODE: &mode fast-and-secret }', '*mode')],
    ['of the values around it', route('&env { MODE: fast-and-secret }', '*env')],
  ])('%s does not show it elsewhere', async (_what, text) => {
    await expect(edit(text)).rejects.toThrow('a secret would be shown')
  })

  it('of something else is no matter', async () => {
    await expect(edit(route('{ MODE: fast-and-secret, OTHER: &x y }', 'Z'))).resolves.toBeUndefined()
  })
})
