import { styleText } from 'node:util'
import type { GatewayEvent } from '../analytics/event.ts'

// Everything but the colour codes that styleText writes.
// oxlint-disable-next-line no-control-regex
const controlCharacters = /(?!\u001B\[\d+m)[\u0000-\u001F\u007F-\u009F]/g

/** One event as a line for people: what, where, how it ended, for whom. Null fields may be missing. Coloured on a terminal. */
export function formatEvent(event: GatewayEvent, stream: NodeJS.WritableStream): string {
  const fine = event.outcome === 'success' || event.outcome === 'partial'
  const parts = [
    event.type.padEnd(22),
    event.virtualServer,
    event.method,
    event.capability,
    styleText(fine ? 'green' : 'red', event.reason ?? event.outcome, { stream }),
    event.policy && `by ${event.policy}`,
    typeof event.latencyMs === 'number' && `${event.latencyMs.toFixed(1)} ms`,
    event.subject && `for ${event.subject}`,
    event.clientName && `with ${event.clientName}`,
    event.detail && styleText('dim', event.detail, { stream }),
  ]
  // What clients send in names must not move the cursor of a terminal.
  return parts.filter(Boolean).join('  ').replaceAll(controlCharacters, '?')
}
