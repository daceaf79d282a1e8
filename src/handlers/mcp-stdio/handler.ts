import { basename, resolve } from 'node:path'
import type { Exchange } from '../../contracts/exchange.ts'
import type { HandlerHost, HandlerType, McpAnswer, McpHandler, StreamedAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import type { GatewayError } from '../../errors/gateway-error.ts'
import { sha256 } from '../../lib/hash.ts'
import { EraVerdicts } from '../../mcp/era-verdicts.ts'
import { type HeldProgram, KeptPrograms } from './kept-programs.ts'
import { LegacyClients } from './legacy-clients.ts'
import { ModernClients } from './modern-clients.ts'
import { alwaysInherited, type McpStdioOptions, mcpStdioOptions } from './options.ts'
import { type PoolSettings, ProcessPool } from './process-pool.ts'

/** Runs MCP servers that speak over standard input and output, and serves them over Streamable HTTP. */
export const mcpStdioHandler: HandlerType<McpStdioOptions> = {
  exportName: 'McpStdioHandler',
  summary:
    'Runs a local MCP server and speaks with it over standard input and output, one process per person or one for all.',
  kind: 'mcp',
  options: mcpStdioOptions,
  // Arguments may hold secrets, and a path says more than a name should.
  upstreamUrl: ({ command }) => `stdio:${encodeURIComponent(basename(command))}`,
  placement: ({ processes }) => (processes === 'shared' ? 'everybody' : 'person'),
  inheritedVariables: ({ inheritEnv }) => [...alwaysInherited, ...inheritEnv],
  create: (options, host) => new McpStdio(options, host),
}

/** A reload makes a new handler; what it would run as before goes on. */
const keptPrograms = new KeptPrograms()

class McpStdio implements McpHandler {
  /** A program has no headers. */
  readonly forwardHeaders = []
  readonly #held: HeldProgram
  readonly #legacy: LegacyClients
  readonly #modern: ModernClients

  constructor(options: McpStdioOptions, host: HandlerHost) {
    const settings = createPoolSettings(options, host)
    const key = describeParts(settings, options, host)
    this.#held = keptPrograms.hold(key, () => ({
      pool: new ProcessPool(settings, host.log),
      verdicts: new EraVerdicts(options.protocol),
    }))
    const { limits, sessionSealer, liveSessions, hasStream } = host
    const { pool, verdicts } = this.#held.kept
    const isShared = options.processes === 'shared'
    const shared = { pool, verdicts, isShared, limits, sessionSealer, liveSessions, hasStream }
    this.#legacy = new LegacyClients(shared)
    this.#modern = new ModernClients(shared)
  }

  handleMessage(message: McpMessage, exchange: Exchange): Promise<McpAnswer | GatewayError> {
    return message.era === 'modern' ? this.#modern.answer(message, exchange) : this.#legacy.answer(message, exchange)
  }

  openStream(exchange: Exchange): StreamedAnswer | GatewayError {
    return this.#legacy.openStream(exchange)
  }

  endSession(exchange: Exchange): GatewayError | undefined {
    return this.#legacy.endSession(exchange)
  }

  async close(): Promise<void> {
    this.#modern.close()
    await this.#held.release()
  }
}

function createPoolSettings(options: McpStdioOptions, host: HandlerHost): PoolSettings {
  const given = Object.fromEntries(Object.entries(options.env).map(([name, value]) => [name, value.reveal()]))
  const inherited = options.inheritEnv.map((name) => host.environment[name] ?? '')
  const values = [...Object.values(given), ...inherited]
  return {
    routeName: host.routeName,
    program: {
      command: options.command,
      args: options.args,
      environment: { ...host.environment, ...given },
      directory: resolve(host.projectDirectory, options.cwd),
    },
    secrets: values.flatMap((value) => value.split('\n')).filter((line) => line.length >= shortestSecret),
    maxProcesses: options.maxProcesses,
    idleStopMs: options.idleStopSeconds * 1000,
    startTimeoutMs: options.startTimeoutSeconds * 1000,
    limits: host.limits,
  }
}

/** Shorter values (`1`, `true`) are no secrets, and taking them out would make the log unreadable. */
const shortestSecret = 6

/** Everything that processes are made of, the project too: a gateway runs one, a test several. Hashed: there are secrets in it. */
function describeParts(
  settings: PoolSettings,
  { protocol }: McpStdioOptions,
  { projectDirectory }: HandlerHost,
): string {
  return sha256(JSON.stringify([projectDirectory, settings, protocol]))
}
