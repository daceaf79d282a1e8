import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '../../../errors/gateway-error.ts'
import { isJsonObject, type JsonObject } from '../../../lib/json.ts'
import { decodeHeaderValue } from '../../decode-header-value.ts'
import type { McpMethod } from '../../methods.ts'
import { isServedVersion, modernVersions } from '../../protocol-versions.ts'

export const protocolVersionKey = 'io.modelcontextprotocol/protocolVersion'
export const clientCapabilitiesKey = 'io.modelcontextprotocol/clientCapabilities'
export const clientInfoKey = 'io.modelcontextprotocol/clientInfo'
export const logLevelKey = 'io.modelcontextprotocol/logLevel'
export const serverInfoKey = 'io.modelcontextprotocol/serverInfo'
export const subscriptionIdKey = 'io.modelcontextprotocol/subscriptionId'

export const envelopeKeys = [protocolVersionKey, clientCapabilitiesKey, clientInfoKey, logLevelKey]

/** True when `params._meta` makes any claim that only 2026-07-28 and later know. */
export function hasEnvelope(meta: JsonObject | undefined): boolean {
  return meta !== undefined && envelopeKeys.some((key) => Object.hasOwn(meta, key))
}

/** The required fields of `params._meta`, and a revision that is served. */
export function checkEnvelope(meta: JsonObject | undefined, headers: IncomingHttpHeaders): GatewayError | undefined {
  const version = meta?.[protocolVersionKey]
  if (typeof version !== 'string') return incomplete(protocolVersionKey)
  if (headers['mcp-protocol-version'] !== version) return mismatch('MCP-Protocol-Version')
  if (!isServedVersion('modern', version)) {
    return new GatewayError('message_version_unsupported', {
      message: `Unsupported protocol version: ${version}`,
      // Which older revisions there are depends on the upstream; only those with an envelope are the gateway's to promise.
      data: { supported: modernVersions, requested: version },
    })
  }
  if (!isJsonObject(meta?.[clientCapabilitiesKey])) return incomplete(clientCapabilitiesKey)
  return undefined
}

/** `Mcp-Method` and `Mcp-Name` must say what the body says: policies elsewhere may have decided by them. */
export function checkMirroredHeaders(
  headers: IncomingHttpHeaders,
  method: string,
  declaration: McpMethod | undefined,
  name: string | undefined,
): GatewayError | undefined {
  if (headers['mcp-method'] !== method) return mismatch('Mcp-Method')
  if (declaration?.nameMember === undefined || name === undefined) return undefined
  const mirrored = headers['mcp-name']
  if (typeof mirrored !== 'string' || decodeHeaderValue(mirrored) !== name) return mismatch('Mcp-Name')
  return undefined
}

function incomplete(key: string): GatewayError {
  return new GatewayError('message_envelope_incomplete', { message: `params._meta lacks "${key}".` })
}

function mismatch(header: string): GatewayError {
  return new GatewayError('message_header_mismatch', { message: `${header} is missing or differs from the body.` })
}
