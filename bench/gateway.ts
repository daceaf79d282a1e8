import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CURATED_TOOLS, firstCall, ROUTE_PATH, UPSTREAM_KEY } from './cases.ts'
import { obtainAccessToken } from './obtain-access-token.ts'
import { cores, readResidentMebibytes, startProcess, stopProcess } from './processes.ts'
import type { Start } from './report.ts'
import { findFreePort, type Variant, waitUntilAnswering } from './variants.ts'

const root = join(import.meta.dirname, '..')
const runtime = '$import(sallyport)'

/** Everything on: token check, curation, rate limit, an API key for the upstream, an event for each call in SQLite. */
const policies = {
  policies: [
    {
      name: 'sign-in',
      policyType: 'mcp-oauth-inbound',
      handler: {
        module: runtime,
        export: 'McpOAuthInboundPolicy',
        options: { browserLogin: { url: '/oauth/dev-login' }, gateway: { accessTokenTtlSeconds: 86_400 } },
      },
    },
    {
      name: 'ten-tools',
      policyType: 'mcp-capability-filter-inbound',
      handler: { module: runtime, export: 'McpCapabilityFilterInboundPolicy', options: { tools: CURATED_TOOLS } },
    },
    {
      name: 'generous',
      policyType: 'rate-limit-inbound',
      handler: {
        module: runtime,
        export: 'RateLimitInboundPolicy',
        options: { rateLimitBy: 'user', requestsAllowed: 1_000_000_000, timeWindowMinutes: 1 },
      },
    },
    {
      name: 'upstream-key',
      policyType: 'set-upstream-api-key-inbound',
      handler: {
        module: runtime,
        export: 'SetUpstreamApiKeyInboundPolicy',
        options: { header: 'X-Api-Key', value: '$env(BENCH_UPSTREAM_KEY)' },
      },
    },
  ],
}

const composeRoutes = (upstreamPort: number) => ({
  openapi: '3.1.0',
  info: { title: 'Benchmark', version: '1' },
  paths: {
    [ROUTE_PATH]: {
      post: {
        operationId: 'bench',
        summary: 'Benchmark',
        'x-gateway-route': {
          handler: {
            module: runtime,
            export: 'McpProxyHandler',
            options: { rewritePattern: `http://127.0.0.1:${upstreamPort}${ROUTE_PATH}` },
          },
          policies: { inbound: policies.policies.map(({ name }) => name) },
        },
      },
    },
  },
})

const projectOf = (directory: string) => join(directory, 'project')

/** Builds the package, because what people install is what is measured. */
export function buildPackage(say: (line: string) => void): void {
  say('building the package')
  execFileSync(process.execPath, [join(root, 'tools', 'build.ts')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** Writes the project, signs in once through the gateway's own authorization server and keeps the token for the whole run. */
export async function prepareGateway(
  directory: string,
  upstreamPort: number,
  say: (line: string) => void,
): Promise<void> {
  const project = projectOf(directory)
  mkdirSync(join(project, 'config'), { recursive: true })
  const port = await findFreePort()
  // What `start` does by default: successes go to the database only.
  const telemetry = { logEvents: 'problems' }
  const settings = { version: 1, listen: { port }, publicUrl: `http://127.0.0.1:${port}`, telemetry }
  writeFileSync(join(project, 'sallyport.jsonc'), JSON.stringify(settings))
  writeFileSync(join(project, 'config', 'policies.json'), JSON.stringify(policies))
  writeFileSync(join(project, 'config', 'routes.oas.json'), JSON.stringify(composeRoutes(upstreamPort)))
  writeFileSync(join(project, '.env'), `BENCH_UPSTREAM_KEY=${UPSTREAM_KEY}\n`)
  const gateway = spawnGateway(directory, 'server')
  say('signing in')
  writeFileSync(join(directory, 'token'), await obtainAccessToken(`http://127.0.0.1:${port}${ROUTE_PATH}`))
  await stopProcess(gateway)
}

/** `start` refuses dev login, so the command is `dev`; under load it is the gateway behind it, with the log that `start` writes. */
function spawnGateway(
  directory: string,
  entry: 'command' | 'server',
  { core, nodeFlags = [] }: { readonly core?: number; readonly nodeFlags?: readonly string[] } = {},
) {
  const output = openSync(join(directory, 'gateway.log'), 'a')
  const flags = [...nodeFlags, ...(process.env['SALLYPORT_BENCH_NODE_FLAGS']?.split(' ') ?? [])]
  const project = projectOf(directory)
  const started = {
    command: [builtEntry(), 'dev', project],
    server: [...flags, join(import.meta.dirname, 'serve-gateway.ts'), project],
  }
  return startProcess(process.execPath, started[entry], { core, output })
}

/** What the launcher of the published package runs; the sources where nothing was built. */
function builtEntry(): string {
  const built = join(root, 'dist', 'main.js')
  return existsSync(built) ? built : join(root, 'src', 'main.ts')
}

function describeGateway(directory: string): Omit<Variant, 'process'> {
  const settings = JSON.parse(readFileSync(join(projectOf(directory), 'sallyport.jsonc'), 'utf8')) as {
    listen: { port: number }
  }
  const token = readFileSync(join(directory, 'token'), 'utf8')
  return { name: 'gateway', port: settings.listen.port, headers: { Authorization: `Bearer ${token}` }, curated: true }
}

/** Starts the gateway with everything on, on the core of measured processes. */
export async function startGatewayVariant(
  directory: string,
  say: (line: string) => void,
  nodeFlags: readonly string[] = [],
): Promise<Variant> {
  const child = spawnGateway(directory, 'server', { core: cores.measured, nodeFlags })
  const variant = { ...describeGateway(directory), process: child }
  try {
    await waitUntilAnswering(variant, firstCall)
  } catch (error) {
    say(readFileSync(join(directory, 'gateway.log'), 'utf8').slice(-3_000))
    throw error
  }
  return variant
}

/** Starts the gateway several times: time from spawn to the first right answer, and resident memory a second later. */
export async function measureStart(directory: string, times: number, say: (line: string) => void): Promise<Start> {
  const milliseconds: number[] = []
  const residentMebibytes: number[] = []
  for (let time = 0; time < times; time++) {
    const began = performance.now()
    const gateway = spawnGateway(directory, 'command')
    const lost = await waitUntilAnswering(describeGateway(directory), firstCall)
    if (lost > 0) say(`!! ${lost} calls were accepted during the start and not answered within a second`)
    milliseconds.push(performance.now() - began)
    await pause(1_000)
    residentMebibytes.push(readResidentMebibytes(gateway.pid ?? 0))
    await stopProcess(gateway)
    say(
      `start ${time + 1}/${times}: ${milliseconds.at(-1)?.toFixed(0)} ms, ${residentMebibytes.at(-1)?.toFixed(0)} MiB`,
    )
  }
  return { milliseconds, residentMebibytes }
}
