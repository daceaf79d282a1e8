import { LRUCache } from 'lru-cache'
import type { McpAnswer } from '../contracts/handler.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { eventData } from '../http/split-events.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { LegacyClient } from './client-session.ts'
import { agreeOnLegacyVersion } from './protocol-versions.ts'

/** A session that the gateway opened upstream in the name of a client. */
export interface UpstreamSession {
  /** Undefined: the upstream keeps none. */
  readonly id: string | undefined
  /** What the upstream agreed to. */
  readonly protocolVersion: string | undefined
}

const mostSessions = 10_000

/**
 * Sessions that the gateway opened upstream because a client had begun its own before there was a credential, or because the credential
 * has become another one. In memory: after a restart they are opened anew.
 */
export class UpstreamSessions {
  readonly #sessions = new LRUCache<string, Promise<UpstreamSession>>({ max: mostSessions })

  /** The session under this key, opened by whoever comes first. One that could not be opened is not remembered. */
  open(key: string, begin: () => Promise<UpstreamSession>): Promise<UpstreamSession> {
    const known = this.#sessions.get(key)
    if (known !== undefined) return known
    const session = begin()
    this.#sessions.set(key, session)
    session.catch(() => this.#forget(key, session))
    return session
  }

  has(key: string): boolean {
    return this.#sessions.has(key)
  }

  /** The upstream does not know the session any more. */
  async forget(key: string, session: UpstreamSession): Promise<void> {
    const known = this.#sessions.peek(key)
    if (known !== undefined && (await known.catch(() => undefined)) === session) this.#forget(key, known)
  }

  #forget(key: string, session: Promise<UpstreamSession>): void {
    if (this.#sessions.peek(key) === session) this.#sessions.delete(key)
  }
}

/** `initialize` with what the client said of itself. */
export function initializeMessage({ clientInfo, capabilities, ...client }: LegacyClient): JsonObject {
  const protocolVersion = agreeOnLegacyVersion(client.protocolVersion)
  return {
    jsonrpc: '2.0',
    id: 'initialize',
    method: 'initialize',
    params: { protocolVersion, capabilities, clientInfo },
  }
}

/** The `result` of an answer. Throws `upstream_protocol_error` when there is none. */
export async function readResult(answer: McpAnswer): Promise<JsonObject> {
  const body = answer.kind === 'json' ? answer.body : await findResponse(answer)
  let response: unknown
  try {
    response = JSON.parse(body.toString('utf8'))
  } catch {
    throw noHandshake('an answer that is not JSON')
  }
  if (!isJsonObject(response) || !isJsonObject(response.result)) throw noHandshake('an error')
  return response.result
}

/** The first message of a stream that is a response; requests and notifications before it are not for the gateway. */
function findResponse(stream: Extract<McpAnswer, { kind: 'stream' }>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stream.read({
      onEvent(event) {
        const data = eventData(event)
        if (data !== undefined && (data.includes('"result"') || data.includes('"error"'))) {
          resolve(Buffer.from(data))
          stream.cancel()
        }
        return true
      },
      onEnd: (error) => reject(error ?? noHandshake('no answer')),
    })
  })
}

function noHandshake(what: string): GatewayError {
  return new GatewayError('upstream_protocol_error', { detail: `initialize was answered with ${what}` })
}
