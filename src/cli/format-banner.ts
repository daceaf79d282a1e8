import { styleText } from 'node:util'
import type { Project, RouteSpec } from '../config/project.ts'
import { type ConnectWay, listConnectWays } from '../registry/connect-ways.ts'

/** What the banner shows of a gateway. */
export interface BannerSource {
  readonly publicUrl: string
  readonly project: Project
  /** Opens the console once. */
  readonly consoleLink?: string | undefined
}

type Style = Parameters<typeof styleText>[0]

/**
 * What a person needs after the start: each virtual server with its URL, upstream and policies, and the line that connects
 * a client to it. Colours only where `stream` is a terminal and NO_COLOR is not set.
 */
export function formatBanner({ publicUrl, project, consoleLink }: BannerSource, stream: NodeJS.WritableStream): string {
  const paint = (style: Style, text: string) => styleText(style, text, { stream })
  const head = `${paint('bold', 'Sallyport')}  ${paint('cyan', publicUrl)}  ${paint('dim', modes[project.mode])}`
  const link =
    consoleLink && `${paint('cyan', consoleLink)}\n  ${paint('dim', 'opens the console once; more: sallyport console')}`
  const servers = project.routes.map((route) => describeServer(route, paint))
  return `\n${[head, ...servers, ...(link ? [`${paint('bold', 'Console')}  ${link}`] : [])].join('\n\n')}\n\n`
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

/** The ways that fit on lines of a terminal: commands, Cursor's link and, below it, its JSON. */
function connectLines(name: string, url: string): (readonly [client: string, line: string])[] {
  const isShown = ({ client, kind }: ConnectWay) => kind === 'command' || client === 'Cursor'
  return listConnectWays(name, url)
    .filter(isShown)
    .map(({ client, kind, text, place }) => (kind === 'json' ? ['', `or in ${place}: ${text}`] : [client, text]))
}
