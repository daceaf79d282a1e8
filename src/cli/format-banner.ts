import { styleText } from 'node:util'
import type { Project, RouteSpec } from '../config/project.ts'

/** What the banner shows of a gateway. */
export interface BannerSource {
  readonly publicUrl: string
  readonly project: Project
}

type Style = Parameters<typeof styleText>[0]

/**
 * What a person needs after the start: each virtual server with its URL, upstream and policies, and the line that connects
 * a client to it. Colours only where `stream` is a terminal and NO_COLOR is not set.
 */
export function formatBanner({ publicUrl, project }: BannerSource, stream: NodeJS.WritableStream): string {
  const paint = (style: Style, text: string) => styleText(style, text, { stream })
  const head = `${paint('bold', 'Sallyport')}  ${paint('cyan', publicUrl)}  ${paint('dim', modes[project.mode])}`
  return `\n${[head, ...project.routes.map((route) => describeServer(route, paint))].join('\n\n')}\n\n`
}

const modes = { dev: 'dev: people sign in by name, changes reload', start: '' }

function describeServer(route: RouteSpec, paint: (style: Style, text: string) => string): string {
  const url = route.virtualServer?.resource ?? route.path
  const policies = route.inbound.map((policy) => policy.name).join(' → ')
  const facts = [
    ['URL', paint('cyan', url)],
    ['Upstream', route.upstreamUrl],
    ['Policies', policies || paint('yellow', 'none: anybody who reaches it may use it')],
  ]
  const clients = connectLines(route.operationId, url).map(([client, line]) => [client, paint('green', line)])
  const rows = [...facts, ...clients].map(([label = '', text = '']) => `  ${paint('dim', label.padEnd(11))} ${text}`)
  return [`${paint('bold', route.title)}  ${paint('dim', route.operationId)}`, ...rows].join('\n')
}

/** For each client the line that connects it to a virtual server: a command, a link, or JSON for its settings file. */
export function connectLines(name: string, url: string): (readonly [client: string, line: string])[] {
  const isPlainHttp = url.startsWith('http://') && !/^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(url)
  const cursor = Buffer.from(JSON.stringify({ url })).toString('base64')
  return [
    ['Claude Code', `claude mcp add --transport http ${shellQuote(name)} ${shellQuote(url)}`],
    ['VS Code', `code --add-mcp ${shellQuote(JSON.stringify({ name, type: 'http', url }))}`],
    [
      'Cursor',
      `cursor://anysphere.cursor-deeplink/mcp/install?name=${encodeURIComponent(name)}&config=${encodeURIComponent(cursor)}`,
    ],
    ['', `or in ~/.cursor/mcp.json: ${JSON.stringify({ mcpServers: { [name]: { url } } })}`],
    ['mcp-remote', `npx mcp-remote ${shellQuote(url)}${isPlainHttp ? ' --allow-http' : ''}`],
  ]
}

function shellQuote(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
