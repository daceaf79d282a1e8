import { afterAll, beforeAll, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postRaw } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { openStdioClient } from '../harness/stdio-client.ts'
import { stdioServer } from '../harness/stdio-programs.ts'
import { signIn } from '../harness/write-project.ts'

// A client that tries to choose what is run, or how: nothing of a request may get into a command line, an environment or a directory.

let gateway: TestGateway
let token: string

beforeAll(async () => {
  gateway = await startTestGateway({
    policies: signIn(),
    servers: {
      local: {
        upstream: stdioServer('scripted', { args: ['--fixed', '$(id) `id` ; id'], env: { GIVEN: '$HOME' } }),
        inbound: ['sign-in'],
      },
    },
  })
  token = (await obtainToken(gateway.publicUrl, gateway.server('local'))).accessToken
})

afterAll(() => gateway.close())

const wishes = {
  command: '/bin/sh',
  args: ['-c', 'touch /tmp/injected'],
  env: { INJECTED: 'yes', PATH: '/tmp', LD_PRELOAD: '/tmp/x.so', NODE_OPTIONS: '--require /tmp/x.js' },
  cwd: '/tmp',
  inheritEnv: ['SECRET'],
  processes: 'shared',
}

const headers = {
  'x-command': '/bin/sh',
  'x-env-injected': 'yes',
  'x-cwd': '/tmp',
  'mcp-param-command': '/bin/sh',
  'mcp-param-env': 'INJECTED=yes',
  'x-mcp-args': '["-c","id"]',
}

interface Seen {
  readonly env: Readonly<Record<string, string>>
  readonly argv: readonly string[]
  readonly cwd: string
}

function expectUntouched({ env, argv, cwd }: Seen): void {
  expect(argv).toEqual(['--fixed', '$(id) `id` ; id'])
  expect(cwd).toBe(gateway.directory)
  expect(env.GIVEN).toBe('$HOME')
  expect(env.PATH).toBe(process.env.PATH)
  expect(JSON.stringify(env)).not.toContain('INJECTED')
  expect(env).not.toHaveProperty('NODE_OPTIONS')
  expect(env).not.toHaveProperty('LD_PRELOAD')
}

it('is not heard in the first message, which starts the program', async () => {
  const query = '?command=/bin/sh&args=-c&args=id&env.INJECTED=yes&cwd=/tmp'
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: { experimental: wishes },
    clientInfo: { name: '--evil', version: '$(id)', ...wishes },
    _meta: wishes,
    ...wishes,
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params, ...wishes })
  const opened = await postRaw(gateway.server('local') + query, body, { authorization: `Bearer ${token}`, ...headers })
  expect(opened.status).toBe(200)
  const client = await openStdioClient(gateway.server('local'), token)
  expectUntouched((await client.call('environment')) as Seen)
})

it('is not heard in a call', async () => {
  const client = await openStdioClient(gateway.server('local'), token)
  const pid = await client.call('pid')
  const params = { name: 'environment', arguments: wishes, _meta: wishes, ...wishes }
  const answer = await client.post({ id: 1, method: 'tools/call', params, ...wishes }, headers)
  const content = answer.message?.result?.content as { text: string }[]
  expectUntouched(JSON.parse(content[0]?.text ?? '') as Seen)
  expect(await client.call('pid')).toBe(pid)
})

it('does not learn from the gateway what is run', async () => {
  const client = await openStdioClient(gateway.server('local'), token)
  const answers = [
    await client.post({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
    }),
    await client.post({ id: 1, method: 'tools/call', params: { name: 'crash', arguments: {} } }),
  ]
  for (const { text } of answers) expect(text).not.toMatch(/scripted-stdio-server|--fixed|GIVEN/)
})
