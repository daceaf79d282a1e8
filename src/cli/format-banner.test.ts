import { execFileSync } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Project, RouteSpec } from '../config/project.ts'
import { connectLines, formatBanner } from './format-banner.ts'

const lines = (name: string, url: string) =>
  Object.fromEntries(connectLines(name, url).filter(([client]) => client !== ''))

describe('lines that connect clients', () => {
  it('are what the clients document', () => {
    expect(lines('tracker', 'http://127.0.0.1:9000/mcp/tracker')).toEqual({
      'Claude Code': 'claude mcp add --transport http tracker http://127.0.0.1:9000/mcp/tracker',
      'VS Code': `code --add-mcp '{"name":"tracker","type":"http","url":"http://127.0.0.1:9000/mcp/tracker"}'`,
      Cursor: expect.stringMatching(
        /^cursor:\/\/anysphere\.cursor-deeplink\/mcp\/install\?name=tracker&config=[\w%]+$/,
      ),
      'mcp-remote': 'npx mcp-remote http://127.0.0.1:9000/mcp/tracker',
    })
  })

  it('give Cursor its settings in the link', () => {
    const link = new URL(lines('tracker', 'https://gw.example/mcp/tracker')['Cursor'] ?? '')
    const config = Buffer.from(link.searchParams.get('config') ?? '', 'base64').toString()
    expect(JSON.parse(config)).toEqual({ url: 'https://gw.example/mcp/tracker' })
  })

  it('let mcp-remote use plain http only where it has to be told', () => {
    expect(lines('x', 'http://gw.example/x')['mcp-remote']).toContain('--allow-http')
    expect(lines('x', 'https://gw.example/x')['mcp-remote']).not.toContain('--allow-http')
  })

  it.skipIf(process.platform === 'win32')('survive a shell whatever the name', () => {
    const name = `it's $(date) "x" \\ ;`
    const line = lines(name, 'https://gw.example/a;b')['VS Code'] ?? ''
    const printed = execFileSync('sh', ['-c', line.replace('code --add-mcp', `printf %s`)], { encoding: 'utf8' })
    expect(JSON.parse(printed)).toEqual({ name, type: 'http', url: 'https://gw.example/a;b' })
  })
})

describe('the banner', () => {
  const route = {
    path: '/mcp/x',
    operationId: 'x',
    title: 'The X',
    inbound: [{ name: 'sign-in' }, { name: 'limit' }],
    upstreamUrl: 'https://up.example/mcp',
    virtualServer: { resource: 'https://gw.example/mcp/x' },
  } as unknown as RouteSpec
  const show = (routes: readonly RouteSpec[]) =>
    formatBanner(
      { publicUrl: 'https://gw.example', project: { mode: 'dev', routes } as unknown as Project },
      new PassThrough(),
    )

  it('shows each virtual server with URL, upstream and policies, without colours off a terminal', () => {
    const banner = show([route])
    expect(banner).toContain('The X  x\n  URL         https://gw.example/mcp/x\n')
    expect(banner).toContain('Upstream    https://up.example/mcp\n')
    expect(banner).toContain('Policies    sign-in → limit\n')
    expect(banner).not.toContain('\u001B')
  })

  it('warns about a server without policies', () => {
    expect(show([{ ...route, inbound: [] }])).toContain('none: anybody who reaches it may use it')
  })
})
