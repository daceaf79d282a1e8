import type { UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import type { ClientSession } from '../../mcp/client-session.ts'

/**
 * Carries messages of clients of one era to an upstream of the other. An answer is one in the era of the client; HTTP statuses by which
 * the upstream refuses the credential, or is busy, come as the upstream gave them.
 */
export interface Bridge {
  /**
   * `session`: what is known of a legacy client since its `initialize`. Undefined: the upstream does not speak that era either, and refused
   * before it did anything.
   */
  send(
    message: McpMessage,
    exchange: Exchange,
    credential: UpstreamCredential | undefined,
    session?: ClientSession,
  ): Promise<UpstreamAnswer | undefined>
  /** Ends what is open upstream. */
  close(): Promise<void>
}
