import type { IncomingHttpHeaders } from 'node:http'
import type { Era, McpMessage, MessageKind } from '../contracts/mcp.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../lib/json.ts'
import {
  checkEnvelope,
  checkMirroredHeaders,
  clientInfoKey,
  hasEnvelope,
  protocolVersionKey,
} from './eras/2026-07-28/check-envelope.ts'
import { findMethod, type McpMethod } from './methods.ts'
import { claimsModern, isServedVersion, supportedVersions } from './protocol-versions.ts'

/** A classified message. Policies edit it through `edit`; everything else reads. */
class ClassifiedMessage implements McpMessage {
  readonly kind: MessageKind
  readonly era: Era
  readonly protocolVersion: string | undefined
  readonly method: string
  readonly id: string | number | undefined
  readonly name: string | undefined
  readonly bytes: Buffer
  body: JsonObject
  edited = false

  constructor(
    kind: MessageKind,
    era: Era,
    protocolVersion: string | undefined,
    method: string,
    id: string | number | undefined,
    name: string | undefined,
    body: JsonObject,
    bytes: Buffer,
  ) {
    this.kind = kind
    this.era = era
    this.protocolVersion = protocolVersion
    this.method = method
    this.id = id
    this.name = name
    this.body = body
    this.bytes = bytes
  }

  get clientInfo(): McpMessage['clientInfo'] {
    const { params } = this.body
    if (!isJsonObject(params)) return undefined
    const info = this.era === 'modern' ? isJsonObject(params._meta) && params._meta[clientInfoKey] : params.clientInfo
    if (!isJsonObject(info) || typeof info.name !== 'string') return undefined
    return { name: info.name, version: typeof info.version === 'string' ? info.version : '' }
  }

  edit(body: JsonObject): void {
    this.body = body
    this.edited = true
  }
}

/**
 * Says what one JSON-RPC message is: its era, revision, method and what it names. Never throws.
 * The body decides the era and the headers must agree with it (2026-07-28 §transport, 2025-11-25 §transport).
 */
export function classifyMessage(headers: IncomingHttpHeaders, body: unknown, bytes: Buffer): McpMessage | GatewayError {
  if (Array.isArray(body)) return new GatewayError('message_batch')
  if (!isJsonObject(body) || body.jsonrpc !== '2.0') return new GatewayError('message_invalid')
  const id = body.id
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number') {
    return invalid('id must be a string or a number.')
  }
  if (body.method === undefined) return classifyResponse(headers, body, id, bytes)
  if (typeof body.method !== 'string' || body.method === '') return invalid('method must be a string.')
  if (body.params !== undefined && !isJsonObject(body.params)) return invalid('params must be an object.')
  const kind: MessageKind = id === undefined ? 'notification' : 'request'
  const meta = body.params && objectMember(body.params, '_meta')
  return isModern(headers, meta)
    ? classifyModern(headers, body, kind, body.method, id, meta, bytes)
    : classifyLegacy(headers, body, kind, body.method, id, bytes)
}

/** A request or notification that the gateway itself makes, or made of another one, in the era of the client that it is for. */
export function createMessage(like: Pick<McpMessage, 'era' | 'protocolVersion'>, body: JsonObject): McpMessage {
  const { era, protocolVersion } = like
  const method = typeof body.method === 'string' ? body.method : ''
  const id = idOf(body)
  const kind: MessageKind = method === '' ? 'response' : id === undefined ? 'notification' : 'request'
  const name = nameOf(body, findMethod(method, era))
  const bytes = Buffer.from(JSON.stringify(body))
  return new ClassifiedMessage(kind, era, protocolVersion, method, id, name, body, bytes)
}

/** The id to echo in an error about a body that was refused before it was classified. */
export function idOf(body: unknown): string | number | undefined {
  const id = isJsonObject(body) ? body.id : undefined
  return typeof id === 'string' || typeof id === 'number' ? id : undefined
}

function isModern(headers: IncomingHttpHeaders, meta: JsonObject | undefined): boolean {
  if (hasEnvelope(meta)) return true
  const version = headers['mcp-protocol-version']
  return typeof version === 'string' && claimsModern(version)
}

function classifyModern(
  headers: IncomingHttpHeaders,
  body: JsonObject,
  kind: MessageKind,
  method: string,
  id: string | number | undefined,
  meta: JsonObject | undefined,
  bytes: Buffer,
): McpMessage | GatewayError {
  const declaration = findMethod(method, 'modern')
  const name = nameOf(body, declaration)
  if (kind === 'request') {
    const refusal = checkEnvelope(meta, headers) ?? checkMirroredHeaders(headers, method, declaration, name)
    if (refusal) return refusal
    if (declaration === undefined)
      return new GatewayError('message_method_unknown', { message: `Method not found: ${method.slice(0, 100)}` })
    if (declaration.nameMember !== undefined && name === undefined) return nameMissing(declaration.nameMember)
  }
  const version = meta?.[protocolVersionKey] ?? headers['mcp-protocol-version']
  const protocolVersion = typeof version === 'string' && isServedVersion('modern', version) ? version : undefined
  return new ClassifiedMessage(kind, 'modern', protocolVersion, method, id, name, body, bytes)
}

function classifyLegacy(
  headers: IncomingHttpHeaders,
  body: JsonObject,
  kind: MessageKind,
  method: string,
  id: string | number | undefined,
  bytes: Buffer,
): McpMessage | GatewayError {
  // initialize negotiates in its params; a header left over from an earlier connection must not fail it.
  const version = method === 'initialize' ? undefined : headers['mcp-protocol-version']
  if (version !== undefined && (typeof version !== 'string' || !isServedVersion('legacy', version))) {
    return new GatewayError('message_version_unsupported', {
      data: { supported: supportedVersions, requested: version },
    })
  }
  const declaration = findMethod(method, 'legacy')
  const name = nameOf(body, declaration)
  if (kind === 'request') {
    // Before 2026-07-28 an unknown method is answered in-band.
    if (declaration === undefined) {
      return new GatewayError('message_method_unknown', {
        message: `Method not found: ${method.slice(0, 100)}`,
        status: 200,
      })
    }
    if (declaration.nameMember !== undefined && name === undefined) return nameMissing(declaration.nameMember)
  }
  return new ClassifiedMessage(kind, 'legacy', version, method, id, name, body, bytes)
}

function classifyResponse(
  headers: IncomingHttpHeaders,
  body: JsonObject,
  id: string | number | undefined,
  bytes: Buffer,
): McpMessage | GatewayError {
  if (!Object.hasOwn(body, 'result') && !Object.hasOwn(body, 'error')) return invalid('method is missing.')
  const version = headers['mcp-protocol-version']
  if (typeof version === 'string' && claimsModern(version)) return invalid('2026-07-28 clients send no responses.')
  return new ClassifiedMessage('response', 'legacy', version?.toString(), '', id, undefined, body, bytes)
}

function nameOf(body: JsonObject, declaration: McpMethod | undefined): string | undefined {
  if (declaration?.nameMember === undefined) return undefined
  const params = objectMember(body, 'params')
  return params && stringMember(params, declaration.nameMember)
}

function nameMissing(member: string): GatewayError {
  return new GatewayError('message_invalid', { message: `params.${member} must be a string.`, code: -32602 })
}

function invalid(message: string): GatewayError {
  return new GatewayError('message_invalid', { message })
}
