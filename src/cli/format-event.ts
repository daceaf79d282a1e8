import { styleText } from 'node:util'
import type { GatewayEvent } from '../analytics/event.ts'
import { replaceUnprintable } from './replace-unprintable.ts'

/** One event as a line for people: what, where, how it ended, for whom. Null fields may be missing. Coloured on a terminal. */
export function formatEvent(event: GatewayEvent, stream: NodeJS.WritableStream): string {
  const fine = event.outcome === 'success' || event.outcome === 'partial'
  const parts = [
    event.type.padEnd(22),
    clean(event.virtualServer),
    event.type.startsWith('auth_upstream_') && event.upstream && `at ${clean(event.upstream)}`,
    clean(event.method),
    clean(event.capability),
    styleText(fine ? 'green' : 'red', event.reason ?? event.outcome, { stream }),
    event.policy && `by ${clean(event.policy)}`,
    typeof event.latencyMs === 'number' && `${event.latencyMs.toFixed(1)} ms`,
    event.subject && `for ${clean(event.subject)}`,
    event.clientName && `with ${clean(event.clientName)}`,
    event.detail && styleText('dim', clean(event.detail), { stream }),
  ]
  return parts.filter(Boolean).join('  ')
}

function clean(text: string | null | undefined): string {
  return replaceUnprintable(text ?? '')
}
