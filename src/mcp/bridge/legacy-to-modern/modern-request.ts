import type { McpMessage } from '../../../contracts/mcp.ts'
import { type JsonObject, objectMember, stringMember } from '../../../lib/json.ts'
import type { LegacyClient } from '../../client-session.ts'
import {
  clientCapabilitiesKey,
  clientInfoKey,
  logLevelKey,
  protocolVersionKey,
} from '../../eras/2026-07-28/check-envelope.ts'
import { findMethod } from '../../methods.ts'
import { modernVersions } from '../../protocol-versions.ts'

/** What the gateway says of a client in every request to an upstream of 2026-07-28 (§request envelope). */
export interface Envelope {
  readonly client: LegacyClient
  /** What the client can be asked in the course of a call. */
  readonly capabilities: JsonObject
  /** As set by `logging/setLevel`; undefined: the upstream sends no log messages. */
  readonly logLevel: string | undefined
  /** Under which the upstream reports progress; undefined when the client did not ask for it. */
  readonly progressToken: string | undefined
}

/** `params` of an older revision with the envelope. Members that only older revisions have are left out. */
export function addEnvelope(params: JsonObject | undefined, envelope: Envelope): JsonObject {
  // Tasks of 2025-11-25 are not those of 2026-07-28; a server without them ignores `task`.
  const { task: _, ...kept } = params ?? {}
  const { progressToken: __, ...meta } = (params && objectMember(params, '_meta')) ?? {}
  const { client, capabilities, logLevel, progressToken } = envelope
  return {
    ...kept,
    _meta: {
      ...meta,
      ...(progressToken !== undefined && { progressToken }),
      [protocolVersionKey]: modernVersions[0],
      [clientInfoKey]: client.clientInfo,
      [clientCapabilitiesKey]: capabilities,
      ...(logLevel !== undefined && { [logLevelKey]: logLevel }),
    },
  }
}

/** A request of 2026-07-28 that the gateway makes itself. */
export function createModernRequest(method: string, params: JsonObject, id: string): McpMessage {
  const nameMember = findMethod(method, 'modern')?.nameMember
  const body = { jsonrpc: '2.0', id, method, params }
  return {
    kind: 'request',
    era: 'modern',
    protocolVersion: modernVersions[0],
    method,
    id,
    name: nameMember && stringMember(params, nameMember),
    clientInfo: undefined,
    body,
    bytes: Buffer.from(JSON.stringify(body)),
    edited: false,
    edit() {
      throw new Error('a request of the gateway itself is not edited')
    },
  }
}
