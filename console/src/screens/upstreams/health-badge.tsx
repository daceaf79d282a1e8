import type { ItemOf } from '../../api/use-admin-pages.ts'
import { StatusBadge, type Tone } from '../../parts/status-badge.tsx'

type HealthState = ItemOf<'listUpstreams'>['health']['state']

const looks: { readonly [State in HealthState]: { readonly tone: Tone; readonly label: string } } = {
  healthy: { tone: 'good', label: 'Healthy' },
  degraded: { tone: 'attention', label: 'Degraded' },
  failing: { tone: 'bad', label: 'Failing' },
  unknown: { tone: 'quiet', label: 'Not called lately' },
}

/** How it went lately at an upstream. */
export function HealthBadge({ state }: { readonly state: HealthState }) {
  return <StatusBadge tone={looks[state].tone}>{looks[state].label}</StatusBadge>
}
