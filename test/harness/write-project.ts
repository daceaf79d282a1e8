import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A project for a test: routes and policies by name. */
export interface TestProject {
  /** Merged into `sallyport.jsonc`. */
  readonly settings?: object
  readonly servers: { readonly [name: string]: TestServer }
  readonly policies?: { readonly [name: string]: TestPolicy }
}

/** A virtual server at `/mcp/<name>`. */
export interface TestServer {
  /** URL of an upstream, or options of McpStdioHandler, or, with `members`, of McpAggregateHandler. */
  readonly upstream: string | object
  readonly internal?: boolean
  /** Names of policies, in order. */
  readonly inbound: readonly string[]
  /** Era of an upstream at a URL, as in McpProxyHandler. */
  readonly protocol?: 'auto' | 'modern' | 'legacy'
  /** Client headers sent upstream. */
  readonly forwardHeaders?: readonly string[]
  readonly tenant?: string
  readonly description?: string
  /** `registry` of the route. */
  readonly registry?: object
  /** As in OpenAPI. Default: `get,post`. */
  readonly methods?: string
  /** Below `/mcp/`. Default: the name. */
  readonly path?: string
}

/** One entry of policies.json: its type and its options. */
export type TestPolicy = readonly [policyType: string, options: object]

/** The sign-in policy under its usual name; `gateway` are its token lifetimes. */
export function signIn(gateway: object = {}): { 'sign-in': TestPolicy } {
  return { 'sign-in': ['mcp-oauth-inbound', { browserLogin: { url: '/oauth/dev-login' }, gateway }] }
}

/** Sign-in at the provider at `issuer`, whose client is `gateway`. `changes` are merged into the options. */
export function signInAt(issuer: string, clientSecret: string, changes: object = {}): { 'sign-in': TestPolicy } {
  const options = { oidc: { issuer }, browserLogin: { clientId: 'gateway', clientSecret }, ...changes }
  return { 'sign-in': ['mcp-oauth-inbound', options] }
}

/** Writes a project into a new temporary directory and returns its path. */
export async function createProject(project: TestProject): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-project-'))
  await writeProject(directory, project)
  return directory
}

/** Writes, or overwrites, the files of a project. Port 0 and quick events unless the settings say otherwise. */
export async function writeProject(directory: string, project: TestProject): Promise<void> {
  await mkdir(join(directory, 'config'), { recursive: true })
  const defaults = {
    version: 1,
    listen: { port: 0 },
    admin: { listen: { port: 0 } },
    events: { flushMilliseconds: 20 },
    telemetry: { logLevel: 'error' },
  }
  await writeJson(join(directory, 'sallyport.jsonc'), { ...defaults, ...project.settings })
  await writeJson(join(directory, 'config/policies.json'), { policies: policyEntries(project) })
  const paths = Object.fromEntries(
    Object.entries(project.servers).map(([name, server]) => [`/mcp/${server.path ?? name}`, path(name, server)]),
  )
  const info = { title: 'Test', version: '1.0.0' }
  await writeJson(join(directory, 'config/routes.oas.json'), { openapi: '3.1.0', info, paths })
}

function path(
  name: string,
  {
    upstream,
    inbound,
    forwardHeaders = [],
    protocol,
    tenant,
    description,
    registry,
    methods = 'get,post',
    internal,
  }: TestServer,
): object {
  const handler =
    typeof upstream === 'string'
      ? { export: 'McpProxyHandler', options: { rewritePattern: upstream, forwardHeaders, protocol } }
      : { export: 'members' in upstream ? 'McpAggregateHandler' : 'McpStdioHandler', options: upstream }
  const route = {
    handler: { module: '$import(sallyport)', ...handler },
    policies: { inbound },
    tenant,
    registry,
    internal,
  }
  return { [methods]: { operationId: name, summary: name, description, 'x-gateway-route': route } }
}

const irregularExports: { readonly [type: string]: string } = {
  'mcp-oauth-inbound': 'McpOAuthInboundPolicy',
  'open-id-jwt-auth-inbound': 'OpenIdJwtInboundPolicy',
}

function policyEntries(project: TestProject): object[] {
  return Object.entries(project.policies ?? {}).map(([name, [policyType, options]]) => {
    const words = policyType.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    const exportName = irregularExports[policyType] ?? `${words.join('')}Policy`
    return { name, policyType, handler: { module: '$import(sallyport)', export: exportName, options } }
  })
}

async function writeJson(file: string, content: object): Promise<void> {
  await writeFile(file, JSON.stringify(content, null, 2))
}
