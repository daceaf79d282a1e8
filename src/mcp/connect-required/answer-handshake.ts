import type { Exchange } from '../../contracts/exchange.ts'
import type { McpAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import type { RouteCatalogs } from '../known-catalogs.ts'
import { createOwnAnswer } from '../own-answer.ts'
import { agreeOnLegacyVersion, supportedVersions } from '../protocol-versions.ts'
import { uncached } from './answer-list.ts'
import type { ConnectAdvice } from './describe-connect.ts'

/** `initialize` for somebody who is not connected: a client that starts must not fail. */
export async function answerInitialize(
  advice: ConnectAdvice,
  message: McpMessage,
  exchange: Exchange,
  catalogs: RouteCatalogs,
): Promise<McpAnswer> {
  const requested = stringMember(objectMember(message.body, 'params') ?? {}, 'protocolVersion')
  const result = {
    protocolVersion: agreeOnLegacyVersion(requested),
    capabilities: await findCapabilities(advice, exchange, catalogs),
    serverInfo: describeServer(advice),
    instructions: instruct(advice),
  }
  return createOwnAnswer(message, result, advice.refusal)
}

/** The same for `server/discover`. */
export async function answerDiscover(
  advice: ConnectAdvice,
  message: McpMessage,
  exchange: Exchange,
  catalogs: RouteCatalogs,
): Promise<McpAnswer> {
  const result = {
    supportedVersions,
    capabilities: await findCapabilities(advice, exchange, catalogs),
    instructions: instruct(advice),
    _meta: { 'io.modelcontextprotocol/serverInfo': describeServer(advice) },
  }
  return createOwnAnswer(message, uncached(message, result), advice.refusal)
}

/** Those that the upstream had when somebody was connected. Nobody can know them before; tools there are in any case. */
async function findCapabilities(
  { hasConnection }: ConnectAdvice,
  exchange: Exchange,
  catalogs: RouteCatalogs,
): Promise<JsonObject> {
  const find = (method: string) => catalogs.find(method, exchange, hasConnection)
  const known = (await find('server/discover')) ?? (await find('initialize'))
  return { tools: {}, ...(known && objectMember(known, 'capabilities')) }
}

function describeServer({ upstream }: ConnectAdvice): JsonObject {
  return { name: upstream.id, title: upstream.displayName, version: 'not connected' }
}

/** For the model. Without a link: what is said here is read much later. */
function instruct({ summary, upstream, url }: ConnectAdvice): string {
  if (url === undefined) return summary
  return `${summary} Call any tool of ${upstream.displayName} to get a link for the person to open.`
}
