import type { ReactNode } from 'react'
import type { EventFilter, Exchange } from '../../api/event-filter.ts'
import { CopyText } from '../../parts/copy-text.tsx'
import { FactList } from '../../parts/fact-list.tsx'
import { formatBytes, formatDateTime } from '../../parts/format.ts'
import { RowsLink } from '../../parts/rows-link.tsx'

const kinds = { tool: 'Tool', prompt: 'Prompt', resource: 'Resource' } as const

/** Everything else that is recorded of an exchange; values lead to the others that share them. */
export function ExchangeFacts({ exchange }: { readonly exchange: Exchange }) {
  const same = (name: keyof EventFilter & keyof Exchange): ReactNode => {
    const value = exchange[name]
    return value === null || value === undefined ? null : (
      <RowsLink filter={{ [name]: value }}>{String(value)}</RowsLink>
    )
  }
  const copied = (value: string | null): ReactNode => value && <CopyText text={value} />
  return (
    <FactList
      facts={[
        { name: 'When', value: formatDateTime(exchange.time) },
        { name: 'Event', value: same('type') },
        { name: 'Method', value: same('method') },
        { name: kinds[exchange.capabilityType ?? 'tool'], value: same('capability') },
        { name: 'Virtual server', value: same('virtualServer') },
        { name: 'As member of', value: exchange.via },
        { name: 'Upstream', value: same('upstream') },
        { name: 'Credential', value: same('credentialMode') },
        { name: 'Who', value: same('subject') },
        { name: 'Team', value: same('team') },
        { name: 'Tenant', value: same('tenant') },
        { name: 'MCP client', value: same('clientName') },
        { name: 'Client version', value: same('clientVersion') },
        { name: 'OAuth client', value: same('clientId') },
        { name: 'Revision of the client', value: same('clientProtocol') },
        { name: 'Revision of the upstream', value: same('upstreamProtocol') },
        { name: 'Failure began at', value: same('failureOrigin') },
        { name: 'Refused by', value: exchange.policy },
        { name: 'HTTP status', value: exchange.httpStatus },
        { name: 'JSON-RPC code', value: same('jsonRpcCode') },
        { name: 'Bytes in', value: exchange.bytesIn !== null && formatBytes(exchange.bytesIn) },
        { name: 'Bytes out', value: exchange.bytesOut !== null && formatBytes(exchange.bytesOut) },
        { name: 'Result tokens', value: exchange.resultTokens },
        { name: 'From the cache', value: exchange.cached ? 'yes' : null },
        { name: 'Detail', value: exchange.detail },
        { name: 'Request', value: copied(exchange.requestId) },
        { name: 'Trace', value: copied(exchange.traceId) },
        { name: 'Event id', value: copied(exchange.id) },
      ]}
    />
  )
}
