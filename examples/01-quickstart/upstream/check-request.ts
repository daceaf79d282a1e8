import type { IncomingHttpHeaders } from 'node:http'

/** The revision without sessions: every request says who asks, what they can do and in which revision. */
export const modernVersion = '2026-07-28'
/** Older revisions, newest first: clients say hello with `initialize`. */
export const legacyVersions = ['2025-11-25', '2025-06-18', '2025-03-26']

const versionKey = 'io.modelcontextprotocol/protocolVersion'
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities'
const invalidRequest = -32600
export const methodNotFound = -32601
export const invalidParams = -32602
const headerMismatch = -32020
const unsupportedVersion = -32022

/** One JSON-RPC message of a client. */
export interface Message {
  readonly jsonrpc: '2.0'
  readonly id?: string | number
  readonly method?: string
  readonly params?: { readonly [name: string]: unknown }
}

/** A JSON-RPC error. `status` is for revision 2026-07-28, where some errors are HTTP errors too; older ones always use 200. */
export class Refusal extends Error {
  constructor(code: number, message: string, status = 200, details?: object) {
    super(message)
    this.code = code
    this.status = status
    this.details = details
  }
  readonly code: number
  readonly status: number
  readonly details: object | undefined
}

/** True for messages of 2026-07-28 and later: the body says so, or, when it is incomplete, the header. */
export function isModern(message: Message, headers: IncomingHttpHeaders): boolean {
  const meta = asObject(message.params?.['_meta'])
  return versionKey in meta || capabilitiesKey in meta || asText(headers['mcp-protocol-version']) >= modernVersion
}

/** Throws a Refusal when the envelope, the headers or the revision of a message are not acceptable. */
export function checkRequest(message: Message, headers: IncomingHttpHeaders): void {
  if (message.jsonrpc !== '2.0') throw new Refusal(invalidRequest, 'This is not a JSON-RPC 2.0 message.', 400)
  if (isModern(message, headers)) checkModernRequest(message, headers)
  else checkLegacyVersion(message, headers)
}

/** 2026-07-28 repeats version, method and name in headers, so that gateways can route without reading bodies. They must agree. */
function checkModernRequest(message: Message, headers: IncomingHttpHeaders): void {
  const meta = asObject(message.params?.['_meta'])
  const version = meta[versionKey]
  if (typeof version !== 'string') throw new Refusal(invalidParams, `params._meta lacks ${versionKey}.`, 400)
  if (typeof meta[capabilitiesKey] !== 'object')
    throw new Refusal(invalidParams, `params._meta lacks ${capabilitiesKey}.`, 400)
  checkHeader(headers, 'mcp-protocol-version', version)
  checkHeader(headers, 'mcp-method', message.method)
  if (message.method === 'tools/call' || message.method === 'prompts/get')
    checkHeader(headers, 'mcp-name', message.params?.['name'])
  if (message.method === 'resources/read') checkHeader(headers, 'mcp-name', message.params?.['uri'])
  if (version === modernVersion) return
  const supported = [modernVersion, ...legacyVersions]
  throw new Refusal(unsupportedVersion, `Unsupported protocol version: ${version}`, 400, {
    supported,
    requested: version,
  })
}

function checkHeader(headers: IncomingHttpHeaders, name: string, expected: unknown): void {
  const header = headers[name]
  if (typeof header === 'string' && decodeHeader(header) === expected) return
  throw new Refusal(headerMismatch, `The header ${name} does not match the message.`, 400)
}

/** Values that do not fit into a header travel as `=?base64?…?=`. */
function decodeHeader(value: string): string {
  const encoded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value)?.[1]
  return encoded === undefined ? value : Buffer.from(encoded, 'base64').toString('utf8')
}

function checkLegacyVersion(message: Message, headers: IncomingHttpHeaders): void {
  const version = headers['mcp-protocol-version']
  if (version === undefined || message.method === 'initialize' || legacyVersions.includes(asText(version))) return
  throw new Refusal(invalidRequest, 'Unsupported protocol version', 400)
}

/** The value when it is an object, else an empty one. */
export function asObject(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? (value as { readonly [name: string]: unknown }) : {}
}

/** The value when it is a string, else an empty one. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
