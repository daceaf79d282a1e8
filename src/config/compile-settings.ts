import { isLoopbackHost } from '../lib/loopback.ts'
import { checkShape } from './check-shape.ts'
import type { ProjectSources } from './load-project.ts'
import type { NamedVariable } from './named-variable.ts'
import type { ProblemList } from './problem-list.ts'
import type { Project } from './project.ts'
import { type Settings, settingsSchema } from './project-schema.ts'
import type { SourceDocument } from './source-document.ts'
import { substituteEnvironment } from './substitute-env.ts'

/** How a project is compiled. */
export interface SettingsContext {
  readonly mode: 'dev' | 'start'
  /** Where the gateway listens, when that is known already; `dev` uses it where publicUrl is not set. */
  readonly listenUrl?: string | undefined
}

/** `sallyport.jsonc` checked, and the public URL that follows from it. Undefined after problems were reported. */
export function compileSettings(
  { settings: document, environment }: ProjectSources,
  { mode, listenUrl }: SettingsContext,
  problems: ProblemList,
): Pick<Project, 'settings' | 'publicUrl' | 'settingsVariables'> | undefined {
  if (document.value === undefined) return undefined
  const settingsVariables: NamedVariable[] = []
  const value = substituteEnvironment(document.value, [], { document, environment, problems, named: settingsVariables })
  const settings = checkShape(settingsSchema, { document, path: [], value, problems })
  if (settings === undefined) return undefined
  checkAdminUrl(settings, document, problems)
  return { settings, settingsVariables, publicUrl: checkPublicUrl(settings, { mode, listenUrl }, document, problems) }
}

// A URL is returned after a problem too, so that the routes are still checked.
function checkPublicUrl(
  settings: Settings,
  { mode, listenUrl }: SettingsContext,
  document: SourceDocument,
  problems: ProblemList,
): string {
  const report = (message: string, remedy: string) => problems.error(document, ['publicUrl'], message, remedy)
  if (settings.publicUrl === undefined) {
    if (mode === 'start')
      report('"publicUrl" is required by `sallyport start`', 'Write the https origin that clients use.')
    return originOf(listenUrl ?? listenAddress(settings))
  }
  const url = new URL(settings.publicUrl)
  if (url.pathname !== '/' || url.search || url.hash || url.username || url.password) {
    report('must be an origin: no path, query, fragment or user', `Write "${url.origin}".`)
  }
  if (mode === 'start' && url.protocol !== 'https:') {
    report(
      '`sallyport start` needs an https publicUrl',
      'Put TLS in front and write the https origin, or use `sallyport dev`.',
    )
  }
  return url.origin
}

/** Without TLS, whoever is on the way to the console reads the session of its administrators. */
function checkAdminUrl({ admin }: Settings, document: SourceDocument, problems: ProblemList): void {
  const { protocol, hostname } = new URL(admin.publicUrl ?? 'http://localhost')
  if (protocol === 'https:' || isLoopbackHost(hostname)) return
  const message = 'the console needs https where others can reach it'
  problems.error(document, ['admin', 'publicUrl'], message, `Put TLS in front and write "https://${hostname}".`)
}

function listenAddress({ listen }: Settings): string {
  const everywhere = listen.host === '0.0.0.0' || listen.host === '::'
  const host = everywhere ? '127.0.0.1' : listen.host
  return `http://${host.includes(':') ? `[${host}]` : host}:${listen.port}`
}

// A host that is not a valid one is kept: listening on it fails with a clearer error.
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url
}
