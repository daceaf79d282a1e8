import type { Exchange } from '../api/event-filter.ts'
import { StatusBadge, type Tone } from './status-badge.tsx'

type Outcome = Exchange['outcome']

const looks: { readonly [Each in Outcome]: { readonly tone: Tone; readonly label: string } } = {
  success: { tone: 'fine', label: 'Success' },
  failure: { tone: 'bad', label: 'Failure' },
  denied: { tone: 'attention', label: 'Denied' },
  application_error: { tone: 'bad', label: 'Tool error' },
  connect_required: { tone: 'accent', label: 'Connect first' },
  partial: { tone: 'attention', label: 'Partial' },
  cancelled: { tone: 'quiet', label: 'Cancelled' },
}

/** How an exchange ended, in words. */
export function nameOutcome(outcome: string): string {
  return Object.hasOwn(looks, outcome) ? looks[outcome as Outcome].label : outcome
}

/** How an exchange ended. */
export function OutcomeBadge({ outcome }: { readonly outcome: Outcome }) {
  return <StatusBadge tone={looks[outcome].tone}>{looks[outcome].label}</StatusBadge>
}
