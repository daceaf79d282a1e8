import type { EventFilter } from '../../api/event-filter.ts'

/** A condition that can be added to the filter. */
export interface FilterField {
  readonly name: keyof EventFilter
  readonly label: string
  /** What can be chosen; absent: anything can be written. */
  readonly choices?: readonly string[]
  readonly numeric?: boolean
}

/** Every condition, the most used ones first. */
export const filterFields: readonly FilterField[] = [
  {
    name: 'outcome',
    label: 'Outcome',
    choices: ['success', 'failure', 'denied', 'application_error', 'connect_required', 'partial', 'cancelled'],
  },
  { name: 'virtualServer', label: 'Virtual server' },
  { name: 'capability', label: 'Tool, prompt or resource' },
  { name: 'subject', label: 'Person or consumer' },
  { name: 'upstream', label: 'Upstream host' },
  { name: 'reason', label: 'Reason' },
  { name: 'failureOrigin', label: 'Failure began at', choices: ['client', 'gateway', 'upstream'] },
  { name: 'minLatencyMs', label: 'At least this slow (ms)', numeric: true },
  { name: 'clientName', label: 'MCP client' },
  { name: 'clientVersion', label: 'MCP client version' },
  { name: 'clientId', label: 'OAuth client' },
  { name: 'method', label: 'Method' },
  { name: 'capabilityType', label: 'Kind of capability', choices: ['tool', 'prompt', 'resource'] },
  { name: 'family', label: 'Family', choices: ['traffic', 'mcp_request', 'capability', 'auth', 'admin'] },
  { name: 'type', label: 'Event' },
  { name: 'clientProtocol', label: 'Revision of the client' },
  { name: 'upstreamProtocol', label: 'Revision of the upstream' },
  { name: 'credentialMode', label: 'Credential' },
  { name: 'jsonRpcCode', label: 'JSON-RPC code', numeric: true },
  { name: 'tenant', label: 'Tenant' },
  { name: 'team', label: 'Team' },
  { name: 'via', label: 'Called as member of' },
]
