import type { McpAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { isAboutConnection } from '../../mcp/connect-required/describe-connect.ts'
import { forEra } from '../../mcp/connect-required/refuse-call.ts'
import { createOwnAnswer } from '../../mcp/own-answer.ts'

/**
 * A member refused or failed: the client hears why, and that it is this member. Its status never becomes that of the aggregate, which works:
 * no challenge that would send the client to sign in elsewhere, no 502 that looks like the end of all tools.
 */
export function refuseForMember(refusal: GatewayError, message: McpMessage, member: string): McpAnswer | GatewayError {
  const { reason, code, status, details } = refusal
  const { detail, data } = details
  if (isAboutConnection(refusal) || keptStatuses.has(status)) {
    return new GatewayError(reason, { message: refusal.message, detail, data, status, code })
  }
  const text = `${member}: ${refusal.message} (${reason})`
  if (message.method !== 'tools/call') {
    return new GatewayError(reason, { message: text, detail, data, status: 200, code })
  }
  const retryAfter = details.headers?.['retry-after']
  const hint = retryAfter === undefined ? '' : ` Try again in ${retryAfter} seconds.`
  const result = { content: [{ type: 'text', text: text + hint }], isError: true }
  return createOwnAnswer(message, forEra(message, result), refusal)
}

/** Refusals whose status the revisions of the protocol prescribe. */
const keptStatuses: ReadonlySet<number> = new Set([200, 400, 404])
