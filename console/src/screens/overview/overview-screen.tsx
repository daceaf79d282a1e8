import { Screen } from '../../parts/screen.tsx'
import { AttentionPanel } from './attention-panel.tsx'

/** Rates, errors, latency, and what needs attention. */
export function OverviewScreen() {
  return (
    <Screen title="Overview" summary="How it goes, and what needs you.">
      <AttentionPanel />
    </Screen>
  )
}
