import type { UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { StreamedAnswer } from '../../contracts/handler.ts'
import type { Era, McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { discardAnswer, type UpstreamAnswer } from '../../http/send-upstream.ts'
import { type ClientSession, describeLegacyClient } from '../../mcp/client-session.ts'
import type { EraVerdicts } from '../../mcp/era-verdicts.ts'
import { readResponse } from '../../mcp/initialize-upstream.ts'
import { ownAnswer } from './answer-round.ts'
import type { Bridge } from './bridge.ts'
import type { LegacyToModernBridge } from './legacy-to-modern-bridge.ts'
import type { ModernToLegacyBridge } from './modern-to-legacy-bridge.ts'
import { mayShowOtherEra, saysNothingOfEra, showsOtherEra } from './shows-other-era.ts'

/** One message, and with what it goes upstream. */
export interface Crossing {
  readonly message: McpMessage
  readonly exchange: Exchange
  readonly credential: UpstreamCredential | undefined
  readonly session: ClientSession | undefined
}

/** One for each direction. */
export interface Bridges {
  readonly toLegacy: ModernToLegacyBridge
  readonly toModern: LegacyToModernBridge
}

const otherEra: { readonly [era in Era]: Era } = { modern: 'legacy', legacy: 'modern' }

/** Finds out which era the upstream speaks, and takes messages of the other one over a bridge. */
export class UpstreamEras {
  readonly #verdicts: EraVerdicts
  readonly #bridges: Bridges

  constructor(verdicts: EraVerdicts, bridges: Bridges) {
    this.#verdicts = verdicts
    this.#bridges = bridges
  }

  /** True when the upstream is known not to speak the era of the message, or it answers what the bridge asked. */
  needsBridge(message: McpMessage, exchange: Exchange, credential: UpstreamCredential | undefined): boolean {
    if (this.#verdicts.eraFor(message.era, credential?.identity ?? '') !== message.era) return true
    return this.#bridges.toLegacy.isAnswer(message, exchange)
  }

  /** True when `reconsider` has to see the answer to a message that went out in its own era. */
  mustReconsider(answer: UpstreamAnswer, message: McpMessage): boolean {
    return this.#verdicts.mayLearn && mayShowOtherEra(answer, message)
  }

  /** Sends a message over the bridge. Undefined: the upstream does not speak the other era any more, so its own may be tried. */
  async cross({ message, exchange, credential, session }: Crossing): Promise<UpstreamAnswer | undefined> {
    const answer = await this.#bridgeFor(message).send(message, exchange, credential, session)
    if (answer !== undefined) return answer
    if (this.#verdicts.mayLearn) {
      this.#verdicts.forget(credential?.identity ?? '')
      return undefined
    }
    throw new GatewayError('upstream_refused', {
      detail: `the upstream does not speak the era that protocol demands: ${otherEra[message.era]}`,
    })
  }

  /** The answer of an upstream that only speaks the other era, or the one that was received. */
  async reconsider(received: UpstreamAnswer, crossing: Crossing): Promise<UpstreamAnswer> {
    const { message, exchange, credential, session } = crossing
    const answer = await settle(received, message)
    if (!showsOtherEra(answer, message) || !(await this.#isConfirmed(crossing))) return answer
    const other = await this.#bridgeFor(message).send(message, exchange, credential, session)
    if (other === undefined) return answer
    discardAnswer(answer)
    if (!saysNothingOfEra(other)) this.#verdicts.note(credential?.identity ?? '', otherEra[message.era])
    return other
  }

  /** True when clients of older revisions are served over the bridge. */
  isModern(credential: UpstreamCredential | undefined): boolean {
    return this.#verdicts.eraFor('legacy', credential?.identity ?? '') === 'modern'
  }

  /** The GET stream of a session that the gateway keeps, because the upstream only speaks 2026-07-28. */
  openStream(exchange: Exchange, credential: UpstreamCredential | undefined, session: ClientSession): StreamedAnswer {
    return this.#bridges.toModern.openStream(exchange, credential, session)
  }

  /** True when the client ended this session. */
  hasEnded(session: ClientSession): boolean {
    return this.#bridges.toModern.hasEnded(session)
  }

  /** Ends a session that the gateway keeps. */
  endSession(session: ClientSession, exchange: Exchange): undefined {
    this.#bridges.toModern.endSession(session, exchange)
  }

  async close(): Promise<void> {
    await Promise.all([this.#bridges.toLegacy.close(), this.#bridges.toModern.close()])
  }

  #bridgeFor({ era }: McpMessage): Bridge {
    return era === 'modern' ? this.#bridges.toLegacy : this.#bridges.toModern
  }

  /** `server/discover` decides: every upstream of 2026-07-28 has it. Else one odd message would change the era for everybody. */
  async #isConfirmed({ message, exchange, credential, session }: Crossing): Promise<boolean> {
    if (message.method === 'server/discover') return true
    const client = session?.client ?? describeLegacyClient(message)
    const discovered = await this.#bridges.toModern.discover({ exchange, credential, client })
    return message.era === 'modern' ? discovered === undefined : discovered?.result !== undefined
  }
}

/** The answer to `server/discover` has no use for a stream, and may be a refusal all the same. */
async function settle(answer: UpstreamAnswer, { method }: McpMessage): Promise<UpstreamAnswer> {
  if (answer.kind !== 'stream' || answer.status !== 200 || method !== 'server/discover') return answer
  return ownAnswer(200, await readResponse(answer), answer.upstreamMs)
}
