import type { RouteAnswer } from '../../contracts/handler.ts'
import type { GatewayError } from '../../errors/gateway-error.ts'
import { type JsonObject, objectMember } from '../../lib/json.ts'
import { readResponse } from '../../mcp/initialize-upstream.ts'
import type { PooledSession } from '../../mcp/upstream-sessions.ts'

/** The JSON-RPC response of a member. */
export interface MemberResponse {
  readonly response: JsonObject
  /** Its size, where that is known. */
  readonly bytes: number | undefined
  /** Why it is not what the member would say otherwise. */
  readonly refusal: GatewayError | undefined
}

/** A session that a member gave, and what it said then. What others do not use any more, the member ends by itself. */
export class MemberSession implements PooledSession {
  /** Undefined: the member keeps none. */
  readonly id: string | undefined
  readonly initialized: MemberResponse
  /** Streams that are open in it. */
  streams = 0

  constructor(id: string | undefined, initialized: MemberResponse) {
    this.id = id
    this.initialized = initialized
  }

  get isBusy(): boolean {
    return this.streams > 0
  }

  retire(): void {}

  async end(): Promise<void> {}
}

/** Reads the response of a member. Throws `upstream_protocol_error` when there is none. */
export async function readMember({ answer, isPersonal }: RouteAnswer): Promise<MemberResponse> {
  const response = await readResponse(answer)
  const result = objectMember(response, 'result')
  if (isPersonal && result?.cacheScope === 'public') result.cacheScope = 'private'
  if (answer.kind === 'stream') return { response, bytes: undefined, refusal: undefined }
  return { response, bytes: answer.body.length, refusal: answer.refusal }
}
