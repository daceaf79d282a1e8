import { z } from 'zod'
import { credentialModes } from '../contracts/upstream.ts'
import { type ReasonCode, reasons } from '../errors/reasons.ts'
import { defaultTenant } from '../lib/tenant.ts'
import { createEventId } from './event-id.ts'

/** Every event type with what it says. One event is recorded per thing that happened: one MCP message, one OAuth step. */
export const eventTypes = {
  mcp_request_completed: 'An MCP message that is neither a handshake nor about a capability was answered.',
  mcp_request_rejected:
    'A request was refused before it reached an upstream: bad token, bad message, limit, unknown path.',
  mcp_request_negotiated: 'A client agreed on a protocol revision (initialize or server/discover).',
  capability_listed: 'A client listed tools, prompts, resources or resource templates.',
  capability_completed: 'A tool, prompt or resource was used and the upstream answered.',
  capability_failed: 'A tool, prompt or resource was used and it failed; failureOrigin and reason say where and why.',
  capability_changed:
    'An upstream listed a tool, prompt or resource that is not as it is pinned; detail says what changed. Denied: it is withheld.',
  capability_suspicious:
    'The texts of a tool, prompt or resource hold hidden characters or instructions to the model; detail says where. Denied: it is withheld.',
  auth_client_registered: 'An OAuth client registered dynamically, by its metadata document, or on the command line.',
  auth_authorize_started: 'A person came to the sign-in page on behalf of a client.',
  auth_signed_in: 'A person signed in.',
  auth_sign_in_failed:
    'A person came back from the identity provider and was not signed in, or could not be sent there.',
  auth_signed_out: 'A person ended the session of a browser.',
  auth_consent_given: 'A person allowed a client to use a virtual server.',
  auth_consent_refused: 'A person refused a client.',
  auth_token_issued:
    'A client received an access token: for an authorization code, on its own behalf, or for an identity assertion.',
  auth_token_refreshed: 'A client used its refresh token.',
  auth_token_revoked: 'A token or a whole grant was revoked.',
  auth_key_created: 'Somebody made an API key on the command line.',
  auth_key_revoked: 'Somebody revoked an API key on the command line.',
  auth_client_revoked: 'Somebody removed a pre-registered client on the command line.',
  auth_keys_rotated: 'Somebody rotated the signing keys on the command line.',
  auth_upstream_connect_started: 'A person set out to connect an account at an upstream.',
  auth_upstream_connected: 'An upstream was connected, or a key for it was stored.',
  auth_upstream_refreshed: 'The access token for an upstream was refreshed.',
  auth_upstream_failed: 'Connecting, refreshing or obtaining a credential for an upstream failed; reason says why.',
  auth_upstream_disconnected: 'Somebody removed the connection to an upstream.',
  auth_vault_rotated: 'Somebody rotated the vault keys on the command line.',
  auth_token_rejected: 'A registration, a token request or a sign-in step failed; reason says why.',
  admin_signed_in: 'Somebody signed in to the console; detail says how.',
  admin_sign_in_failed: 'Somebody came to the console and was not signed in; reason says why.',
  admin_signed_out: 'An administrator signed out of the console.',
  admin_changed: 'An administrator changed something; detail names the operation and what was changed.',
  admin_refused: 'A request to the admin API was refused; reason says why.',
} as const

export type EventType = keyof typeof eventTypes

const outcomes = [
  'success',
  'failure',
  'denied',
  'application_error',
  'connect_required',
  'partial',
  'cancelled',
] as const

/** The fields of an event, declared once: storage columns, log fields and the reference page come from here. */
export const eventFields = z.object({
  id: z.string().describe('Identifier of the event, 32 hexadecimal characters, of which the first 12 are its time.'),
  time: z.int().describe('When it happened, in milliseconds since the epoch.'),
  type: z.enum(Object.keys(eventTypes) as [EventType, ...EventType[]]).describe('What happened.'),
  requestId: z.string().describe('The request it belongs to; also in x-request-id and in every error.'),
  traceId: z.string().nullable().describe('W3C trace id, when the client sent a traceparent.'),
  tenant: z.string().describe('Tenant of the subject; without one that of the route; `default` where nothing says.'),
  virtualServer: z.string().nullable().describe('operationId of the route.'),
  upstream: z.string().nullable().describe('Host of the upstream.'),
  via: z
    .string()
    .nullable()
    .describe(
      'The virtual server that asked this one as a member of it; `console` where an administrator tried it; null where a client asked.',
    ),
  subject: z.string().nullable().describe('On whose behalf.'),
  team: z
    .string()
    .nullable()
    .describe(
      'Team of the subject: what the claim holds that `claims.team` of the sign-in policy names, or `team` in the metadata of an API key. Null without one.',
    ),
  clientId: z.string().nullable().describe('OAuth client.'),
  clientName: z.string().nullable().describe('Name the MCP client gives itself.'),
  clientVersion: z.string().nullable().describe('Version the MCP client gives itself.'),
  clientProtocol: z.string().nullable().describe('MCP revision between client and gateway.'),
  upstreamProtocol: z.string().nullable().describe('MCP revision between gateway and upstream.'),
  method: z.string().nullable().describe('JSON-RPC method.'),
  capabilityType: z.enum(['tool', 'prompt', 'resource']).nullable().describe('What kind of thing was used or listed.'),
  capability: z.string().nullable().describe('Name of the tool or prompt, URI of the resource.'),
  outcome: z
    .enum(outcomes)
    .describe('How it ended. `partial`: more was asked for first, input by the upstream or a sign-in by the gateway.'),
  failureOrigin: z.enum(['client', 'gateway', 'upstream']).nullable().describe('Where a failure began.'),
  reason: z
    .enum(Object.keys(reasons) as [ReasonCode, ...ReasonCode[]])
    .nullable()
    .describe('Documented reason code of a refusal or failure.'),
  credentialMode: z.enum(credentialModes).nullable().describe('Whose credential the upstream saw.'),
  policy: z.string().nullable().describe('Policy that refused.'),
  httpStatus: z.int().nullable().describe('HTTP status of the answer.'),
  jsonRpcCode: z.int().nullable().describe('JSON-RPC error code of the answer.'),
  latencyMs: z.number().nullable().describe('From the first byte of the request to the last byte of the answer.'),
  upstreamMs: z.number().nullable().describe('Of that, waiting for the upstream.'),
  bytesIn: z.int().nullable().describe('Size of the request body.'),
  bytesOut: z.int().nullable().describe('Size of the answer body.'),
  resultTokens: z
    .int()
    .nullable()
    .describe(
      'Estimated tokens that the result takes of a model: one for every four bytes of the answer. Only where a tool, prompt or resource was used.',
    ),
  cached: z.boolean().describe('The answer came from the catalogue cache.'),
  steps: z
    .string()
    .nullable()
    .describe(
      'What each policy and the upstream decided, in order: `phase:policy decision (detail); …`. Requests that went the same way have the same text.',
    ),
  stepMs: z.string().nullable().describe('How long each of the steps took, in milliseconds: `0.04 41.2 …`.'),
  detail: z.string().nullable().describe('More for the operator. Never a token, argument or result.'),
})

export type GatewayEvent = z.infer<typeof eventFields>

/** A new event with every field in place, to be filled in. All events share one hidden class: they are made on the request path. */
export function newEvent(type: EventType, time: number, requestId: string): GatewayEvent {
  return {
    id: createEventId(time),
    time,
    type,
    requestId,
    traceId: null,
    tenant: defaultTenant,
    virtualServer: null,
    upstream: null,
    via: null,
    subject: null,
    team: null,
    clientId: null,
    clientName: null,
    clientVersion: null,
    clientProtocol: null,
    upstreamProtocol: null,
    method: null,
    capabilityType: null,
    capability: null,
    outcome: 'success',
    failureOrigin: null,
    reason: null,
    credentialMode: null,
    policy: null,
    httpStatus: null,
    jsonRpcCode: null,
    latencyMs: null,
    upstreamMs: null,
    bytesIn: null,
    bytesOut: null,
    resultTokens: null,
    cached: false,
    steps: null,
    stepMs: null,
    detail: null,
  }
}

/** The values of an event in the order of the declaration. One by one, since `Object.values` costs eight times as much. */
export function listValues(event: GatewayEvent): readonly (string | number | boolean | null)[] {
  return [
    event.id,
    event.time,
    event.type,
    event.requestId,
    event.traceId,
    event.tenant,
    event.virtualServer,
    event.upstream,
    event.via,
    event.subject,
    event.team,
    event.clientId,
    event.clientName,
    event.clientVersion,
    event.clientProtocol,
    event.upstreamProtocol,
    event.method,
    event.capabilityType,
    event.capability,
    event.outcome,
    event.failureOrigin,
    event.reason,
    event.credentialMode,
    event.policy,
    event.httpStatus,
    event.jsonRpcCode,
    event.latencyMs,
    event.upstreamMs,
    event.bytesIn,
    event.bytesOut,
    event.resultTokens,
    event.cached,
    event.steps,
    event.stepMs,
    event.detail,
  ]
}

/** Takes events. Never throws, never waits. */
export interface EventRecorder {
  record(event: GatewayEvent): void
}
