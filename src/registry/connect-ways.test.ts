import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { listConnectWays } from './connect-ways.ts'

const lines = (name: string, url: string) =>
  Object.fromEntries(listConnectWays(name, url).map(({ client, kind, text }) => [`${client} ${kind}`, text]))

describe('ways to connect clients', () => {
  it('are what the clients document', () => {
    expect(lines('tracker', 'http://127.0.0.1:9000/mcp/tracker')).toEqual({
      'Claude Code command': 'claude mcp add --transport http tracker http://127.0.0.1:9000/mcp/tracker',
      'VS Code command': `code --add-mcp '{"name":"tracker","type":"http","url":"http://127.0.0.1:9000/mcp/tracker"}'`,
      'Cursor link': expect.stringMatching(
        /^cursor:\/\/anysphere\.cursor-deeplink\/mcp\/install\?name=tracker&config=[\w%]+$/,
      ),
      'mcp-remote command': 'npx mcp-remote http://127.0.0.1:9000/mcp/tracker',
      'Codex command': 'codex mcp add tracker --url http://127.0.0.1:9000/mcp/tracker',
      'Claude url': 'http://127.0.0.1:9000/mcp/tracker',
      'ChatGPT url': 'http://127.0.0.1:9000/mcp/tracker',
      'VS Code link':
        'vscode:mcp/install?%7B%22name%22%3A%22tracker%22%2C%22type%22%3A%22http%22%2C%22url%22%3A%22http%3A%2F%2F127.0.0.1%3A9000%2Fmcp%2Ftracker%22%7D',
      'Cursor json': '{"mcpServers":{"tracker":{"url":"http://127.0.0.1:9000/mcp/tracker"}}}',
    })
  })

  it('give Cursor its settings in the link', () => {
    const link = new URL(lines('tracker', 'https://gw.example/mcp/tracker')['Cursor link'] ?? '')
    const config = Buffer.from(link.searchParams.get('config') ?? '', 'base64').toString()
    expect(JSON.parse(config)).toEqual({ url: 'https://gw.example/mcp/tracker' })
  })

  it('let mcp-remote use plain http only where it has to be told', () => {
    expect(lines('x', 'http://gw.example/x')['mcp-remote command']).toContain('--allow-http')
    expect(lines('x', 'https://gw.example/x')['mcp-remote command']).not.toContain('--allow-http')
  })

  it.skipIf(process.platform === 'win32')('survive a shell whatever the name', () => {
    const name = `it's $(date) "x" \\ ;`
    const line = lines(name, 'https://gw.example/a;b')['VS Code command'] ?? ''
    const printed = execFileSync('sh', ['-c', line.replace('code --add-mcp', `printf %s`)], { encoding: 'utf8' })
    expect(JSON.parse(printed)).toEqual({ name, type: 'http', url: 'https://gw.example/a;b' })
  })
})
