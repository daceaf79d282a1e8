import type { Exchange } from '../../contracts/exchange.ts'
import type { McpAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import type { GatewayError } from '../../errors/gateway-error.ts'
import type { RouteCatalogs } from '../known-catalogs.ts'
import { listMethods } from '../methods.ts'
import { acceptedAnswer, createOwnAnswer } from '../own-answer.ts'
import { answerDiscover, answerInitialize } from './answer-handshake.ts'
import { answerList } from './answer-list.ts'
import type { ConnectAdvice } from './describe-connect.ts'
import { refuseCall } from './refuse-call.ts'

/**
 * Answers a message in the place of an upstream to which this person is not connected: handshakes and lists as well as can be, calls with
 * the way to connect. `elicitsUrl`: the client can open a link for the person. Never 401 or 403, which would mean the client's own token.
 */
export async function answerUnconnected(
  advice: ConnectAdvice,
  message: McpMessage,
  exchange: Exchange,
  elicitsUrl: boolean,
  catalogs: RouteCatalogs,
): Promise<McpAnswer | GatewayError> {
  if (message.kind !== 'request') return acceptedAnswer
  if (message.method === 'initialize') return answerInitialize(advice, message, exchange, catalogs)
  if (message.method === 'server/discover') return answerDiscover(advice, message, exchange, catalogs)
  if (message.method === 'ping') return createOwnAnswer(message, {})
  const member = listMethods.get(message.method)
  const known = member === undefined ? undefined : await catalogs.find(message.method, exchange, advice.hasConnection)
  // Who only lacks a scope is connected: the tool that connects would have nothing to say.
  const isConnected = advice.refusal.reason === 'connection_scope_required'
  return member === undefined || (isConnected && known === undefined)
    ? refuseCall(advice, message, elicitsUrl, exchange.routeName)
    : answerList(advice, message, member, known)
}
