import type { McpMessage } from '../../contracts/mcp.ts'
import { discardAnswer, type UpstreamAnswer } from '../../http/send-upstream.ts'
import { isJsonObject, objectMember, stringMember } from '../../lib/json.ts'
import { createMessage } from '../../mcp/classify-message.ts'
import { findOlderRevision, type RevisionVerdicts } from '../../mcp/revision-verdicts.ts'
import { isJsonRpcCandidate, parseJson } from './read-answer.ts'

/** `initialize` as this upstream takes it; any other message as it is. */
export function adaptRevision(message: McpMessage, identity: string, verdicts: RevisionVerdicts): McpMessage {
  const requested = requestedRevision(message)
  if (requested === undefined) return message
  const revision = verdicts.revisionFor(identity, requested)
  return revision === requested ? message : withRevision(message, revision)
}

/**
 * The answer of an upstream that refused `initialize` in a newer revision, after it was asked in an older one; the refusal where that is
 * refused as well. `sent`: the message as it went upstream.
 */
export async function askOlderRevision(
  refused: UpstreamAnswer,
  sent: McpMessage,
  identity: string,
  verdicts: RevisionVerdicts,
  send: (message: McpMessage) => Promise<UpstreamAnswer>,
): Promise<UpstreamAnswer> {
  const requested = requestedRevision(sent)
  const revision = requested && findOlderRevision(refused.status, readBody(refused), requested)
  if (revision === undefined) return refused
  const answer = await send(withRevision(sent, revision))
  const body = readBody(answer)
  if (answer.status !== 200 || (isJsonObject(body) && isJsonObject(body.error))) {
    discardAnswer(answer)
    return refused
  }
  discardAnswer(refused)
  verdicts.note(identity, revision)
  return answer
}

function requestedRevision({ method, body }: McpMessage): string | undefined {
  return method === 'initialize' ? stringMember(objectMember(body, 'params') ?? {}, 'protocolVersion') : undefined
}

function withRevision(message: McpMessage, protocolVersion: string): McpMessage {
  const { era, body } = message
  const like = { era, protocolVersion: message.protocolVersion && protocolVersion }
  return createMessage(like, { ...body, params: { ...objectMember(body, 'params'), protocolVersion } })
}

function readBody(answer: UpstreamAnswer): unknown {
  return answer.kind === 'json' && isJsonRpcCandidate(answer) ? parseJson(answer.body) : undefined
}
