import { z } from 'zod'
import { type EventType, eventFields, eventTypes } from './event.ts'

/** What a family holds: the types whose names begin with it; `traffic` is what clients ask for, without sign-ins and administration. */
export const eventFamilies = ['traffic', 'mcp_request', 'capability', 'auth', 'admin'] as const
export type EventFamily = (typeof eventFamilies)[number]

const { type, outcome, failureOrigin, capabilityType } = eventFields.shape

const value = (description: string) =>
  z.string().max(1000).optional().describe(`${description} Empty: events without one.`)
const milliseconds = (description: string) => z.coerce.number().int().min(0).optional().describe(description)

/**
 * Which events: every member that is present must fit. The same names are parameters of questions, of the list of events, of the live tail and
 * of the address of the console, so whatever a number counts can be opened as rows.
 */
export const eventFilter = z.object({
  sinceMs: milliseconds('At or after this time. Milliseconds since the epoch.'),
  untilMs: milliseconds('Before this time. Milliseconds since the epoch.'),
  family: z.enum(eventFamilies).optional().describe('Event family; `traffic` is `mcp_request` and `capability`.'),
  type: type.optional().describe('Event type.'),
  tenant: z.string().max(1000).optional().describe('Tenant.'),
  team: value('Team of the subject.'),
  virtualServer: value('Virtual server.'),
  upstream: value('Host of the upstream.'),
  via: value('Virtual server that asked this one as a member of it.'),
  subject: value('On whose behalf.'),
  clientId: value('OAuth client.'),
  clientName: value('Name the MCP client gives itself.'),
  clientVersion: value('Version the MCP client gives itself.'),
  clientProtocol: value('MCP revision between client and gateway.'),
  upstreamProtocol: value('MCP revision between gateway and upstream.'),
  method: value('JSON-RPC method.'),
  capabilityType: z
    .union([capabilityType.unwrap(), z.literal('')])
    .optional()
    .describe('Kind of what was used or listed. Empty: events without one.'),
  capability: value('Tool, prompt or resource.'),
  outcome: outcome.optional().describe('How it ended.'),
  failureOrigin: z
    .union([failureOrigin.unwrap(), z.literal('')])
    .optional()
    .describe('Where a failure began. Empty: no failure.'),
  reason: value('Reason code.'),
  jsonRpcCode: z.coerce.number().int().optional().describe('JSON-RPC error code of the answer.'),
  credentialMode: value('Whose credential the upstream saw.'),
  minLatencyMs: z.coerce.number().min(0).optional().describe('Took at least this long. Milliseconds.'),
})

export type EventFilter = z.output<typeof eventFilter>

/** Fields that an event must have as the filter says, in the order of the filter. */
export const equalFields = [
  'type',
  'tenant',
  'team',
  'virtualServer',
  'upstream',
  'via',
  'subject',
  'clientId',
  'clientName',
  'clientVersion',
  'clientProtocol',
  'upstreamProtocol',
  'method',
  'capabilityType',
  'capability',
  'outcome',
  'failureOrigin',
  'reason',
  'jsonRpcCode',
  'credentialMode',
] as const satisfies readonly (keyof EventFilter)[]

export type EqualField = (typeof equalFields)[number]

/** The types of a family. */
export function listFamilyTypes(family: EventFamily): readonly EventType[] {
  const prefixes = family === 'traffic' ? ['mcp_request_', 'capability_'] : [`${family}_`]
  return (Object.keys(eventTypes) as EventType[]).filter((name) => prefixes.some((prefix) => name.startsWith(prefix)))
}
