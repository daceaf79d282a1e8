import type { Exchange } from '../../api/event-filter.ts'
import { useAdmin } from '../../api/use-admin.ts'
import { DetailsDrawer } from '../../parts/details-drawer.tsx'
import { OutcomeBadge } from '../../parts/outcome-badge.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { nameExchange } from './exchange-columns.tsx'
import { ExchangeFacts } from './exchange-facts.tsx'
import { LatencySplit } from './latency-split.tsx'
import { ReasonNote } from './reason-note.tsx'
import { StepList } from './step-list.tsx'

interface ExchangeDrawerProps {
  /** Of the event; undefined: closed. */
  readonly id: string | undefined
  /** The event, if the list has it. */
  readonly known: Exchange | undefined
  readonly onClose: () => void
}

/** One exchange, step by step. */
export function ExchangeDrawer({ id, known, onClose }: ExchangeDrawerProps) {
  const read = useAdmin('getEvent', { params: { id: id ?? '' } }, { enabled: id !== undefined && !known })
  const exchange = known ?? (read.data?.id === id ? read.data : undefined)
  return (
    <DetailsDrawer opened={id !== undefined} onClose={onClose} title={exchange ? nameExchange(exchange) : 'Exchange'}>
      {exchange && <ExchangeDetails exchange={exchange} />}
      {!exchange && read.error && <StateMessage kind="error" error={read.error} />}
      {!exchange && !read.error && <StateMessage kind="loading" title="Loading" />}
    </DetailsDrawer>
  )
}

function ExchangeDetails({ exchange }: { readonly exchange: Exchange }) {
  const { outcome, reason, latencyMs, upstreamMs, steps, stepMs } = exchange
  return (
    <>
      <div>
        <OutcomeBadge outcome={outcome} />
      </div>
      {reason !== null && <ReasonNote reason={reason} />}
      {latencyMs !== null && <LatencySplit totalMs={latencyMs} upstreamMs={upstreamMs} />}
      {steps !== null && <StepList steps={steps} stepMs={stepMs} />}
      <ExchangeFacts exchange={exchange} />
    </>
  )
}
