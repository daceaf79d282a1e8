import { type GatewayEvent, newEvent } from '../src/analytics/event.ts'
import type { ReasonCode } from '../src/errors/reasons.ts'
import { reasons } from '../src/errors/reasons.ts'

/** How varied the events are. */
const subjects = 500
const tools = 60
const servers = 8
const teams = 12
const clients = ['claude-code', 'cursor', 'vscode', 'chatgpt', 'codex', 'windsurf', 'zed', 'goose', 'inspector', 'n8n']
const revisions = ['2026-07-28', '2025-11-25', '2025-06-18']
const modes = ['user-oauth', 'shared-oauth', 'user-api-key', 'shared-api-key'] as const
const failures = (Object.keys(reasons) as ReasonCode[]).slice(0, 30)

/** The same numbers at every run (xorshift32). */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** Few do most: what people, tools and clients are used looks like this. */
const skewed = (random: () => number, count: number) => Math.floor(count * random() ** 2)

/** Made-up events, evenly over a stretch of time, in its order. */
export function* makeEvents(count: number, sinceMs: number, untilMs: number): Generator<GatewayEvent> {
  const random = createRandom(20_261_121)
  for (let index = 0; index < count; index++) {
    yield makeEvent(random, Math.floor(sinceMs + ((untilMs - sinceMs) * index) / count), index)
  }
}

function makeEvent(random: () => number, time: number, index: number): GatewayEvent {
  const kind = random()
  const failed = random() < 0.06
  const tool = skewed(random, tools)
  const server = tool % servers
  const subject = skewed(random, subjects)
  // Most people use one client, some a second one.
  const client = (subject + (random() < 0.1 ? 1 : 0)) % clients.length
  const event = newEvent(typeOf(kind, failed), time, `r${index}`)
  const upstreamMs = 20 + 400 * random() ** 4 + (failed ? 300 * random() : 0)
  event.tenant = subject % 5 === 0 ? 'acme' : 'default'
  event.virtualServer = `server-${server}`
  event.upstream = `mcp-${server}.example.com`
  event.subject = `https://idp.example.com|user-${subject}`
  event.team = `team-${subject % teams}`
  event.clientId = `client-${client}-${subject % 40}`
  event.clientName = clients[client] ?? null
  event.clientVersion = `1.${(subject + client) % 4}.0`
  event.clientProtocol = revisions[client % revisions.length] ?? null
  event.upstreamProtocol = revisions[server % revisions.length] ?? null
  event.credentialMode = modes[server % modes.length] ?? null
  event.method = kind < 0.8 ? 'tools/call' : kind < 0.9 ? 'tools/list' : 'initialize'
  event.capabilityType = kind < 0.9 ? 'tool' : null
  event.capability = kind < 0.8 ? `tool_${tool}` : null
  event.httpStatus = 200
  event.latencyMs = upstreamMs + 0.2 + random()
  event.upstreamMs = upstreamMs
  event.bytesIn = 200 + Math.floor(800 * random())
  event.bytesOut = 400 + Math.floor(20_000 * random() ** 3)
  event.resultTokens = kind < 0.8 ? Math.ceil(event.bytesOut / 4) : null
  if (failed) describeFailure(event, random)
  return event
}

function typeOf(kind: number, failed: boolean) {
  if (kind < 0.8) return failed ? 'capability_failed' : 'capability_completed'
  return kind < 0.9 ? 'capability_listed' : 'mcp_request_negotiated'
}

function describeFailure(event: GatewayEvent, random: () => number): void {
  const reason = failures[skewed(random, failures.length)] ?? 'request_cancelled'
  const { origin } = reasons[reason]
  event.reason = reason
  event.failureOrigin = origin
  event.outcome = origin === 'client' ? 'denied' : 'failure'
  event.jsonRpcCode = origin === 'client' ? -32_602 : -32_603
}
