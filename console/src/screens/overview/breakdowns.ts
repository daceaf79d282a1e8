import type { ListQuestion } from '../../api/use-question.ts'

interface BreakdownGroup {
  readonly group: string
  readonly items: readonly { readonly value: ListQuestion; readonly label: string }[]
}

/** What the events can be taken apart by. */
export const breakdowns: readonly BreakdownGroup[] = [
  {
    group: 'What was used',
    items: [
      { value: 'top-capabilities', label: 'Tools, prompts, resources' },
      { value: 'slowest-tools', label: 'Slowest tools' },
      { value: 'failing-tools', label: 'Tools that fail most' },
      { value: 'top-virtual-servers', label: 'Virtual servers' },
      { value: 'top-upstreams', label: 'Upstreams' },
      { value: 'methods', label: 'Methods' },
      { value: 'event-types', label: 'Events' },
    ],
  },
  {
    group: 'By whom',
    items: [
      { value: 'top-subjects', label: 'People and consumers' },
      { value: 'top-teams', label: 'Teams' },
      { value: 'top-tenants', label: 'Tenants' },
      { value: 'top-clients', label: 'MCP clients' },
      { value: 'client-versions', label: 'Versions of MCP clients' },
      { value: 'protocol-eras', label: 'Revisions of the protocol' },
      { value: 'credential-modes', label: 'Credentials' },
    ],
  },
  {
    group: 'What failed',
    items: [
      { value: 'reason-codes', label: 'Reasons' },
      { value: 'failure-origins', label: 'Where failures began' },
      { value: 'json-rpc-codes', label: 'JSON-RPC codes' },
    ],
  },
]
