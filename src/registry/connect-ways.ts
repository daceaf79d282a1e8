/** One way to connect a client to a virtual server. */
export interface ConnectWay {
  /** Name of the client. */
  readonly client: string
  /** A command to run, a link to open, JSON for a settings file, or the URL to paste. */
  readonly kind: 'command' | 'link' | 'json' | 'url'
  readonly text: string
  /** Where JSON or a URL goes. */
  readonly place?: string
}

/** How each client is connected to the virtual server at `url`, as the clients document it. */
export function listConnectWays(name: string, url: string): readonly ConnectWay[] {
  const isPlainHttp = url.startsWith('http://') && !/^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(url)
  const forVsCode = JSON.stringify({ name, type: 'http', url })
  const forCursor = Buffer.from(JSON.stringify({ url })).toString('base64')
  return [
    {
      client: 'Claude Code',
      kind: 'command',
      text: `claude mcp add --transport http ${shellQuote(name)} ${shellQuote(url)}`,
    },
    { client: 'Claude', kind: 'url', text: url, place: 'Settings, Connectors, Add custom connector' },
    { client: 'ChatGPT', kind: 'url', text: url, place: 'Settings, Apps & Connectors, Create (developer mode)' },
    { client: 'Codex', kind: 'command', text: `codex mcp add ${shellQuote(name)} --url ${shellQuote(url)}` },
    { client: 'VS Code', kind: 'command', text: `code --add-mcp ${shellQuote(forVsCode)}` },
    { client: 'VS Code', kind: 'link', text: `vscode:mcp/install?${encodeURIComponent(forVsCode)}` },
    {
      client: 'Cursor',
      kind: 'link',
      text: `cursor://anysphere.cursor-deeplink/mcp/install?name=${encodeURIComponent(name)}&config=${encodeURIComponent(forCursor)}`,
    },
    {
      client: 'Cursor',
      kind: 'json',
      text: JSON.stringify({ mcpServers: { [name]: { url } } }),
      place: '~/.cursor/mcp.json',
    },
    {
      client: 'mcp-remote',
      kind: 'command',
      text: `npx mcp-remote ${shellQuote(url)}${isPlainHttp ? ' --allow-http' : ''}`,
    },
  ]
}

function shellQuote(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
