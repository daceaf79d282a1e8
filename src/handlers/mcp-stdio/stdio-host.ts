import type { Exchange } from '../../contracts/exchange.ts'
import type { HandlerHost } from '../../contracts/handler.ts'
import type { Era } from '../../contracts/mcp.ts'
import type { EraVerdicts } from '../../mcp/era-verdicts.ts'
import { personOf } from './caller.ts'
import type { ProcessPool } from './process-pool.ts'
import type { ProcessKey } from './stdio-session.ts'

/** What the parts of one handler share. */
export interface StdioHost extends Pick<HandlerHost, 'limits' | 'sessionSealer' | 'liveSessions' | 'hasStream'> {
  readonly pool: ProcessPool
  readonly verdicts: EraVerdicts
  readonly isShared: boolean
}

/** Whose process serves this exchange. */
export function processKeyOf({ isShared }: StdioHost, era: Era, exchange: Exchange): ProcessKey {
  return { era, owner: isShared ? undefined : personOf(exchange) }
}
