import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '../../../errors/gateway-error.ts'
import { isJsonObject, type JsonObject, stringMember } from '../../../lib/json.ts'
import { decodeHeaderValue } from '../../decode-header-value.ts'
import { findParameterHeaders, mirrorArguments, type ParameterHeader } from '../../parameter-headers.ts'

/** Tools with arguments that travel in headers too, by name. */
export type MirroredTools = ReadonlyMap<string, readonly ParameterHeader[]>

/** Those of a `tools/list` result. */
export function findMirroredTools(result: JsonObject): MirroredTools {
  const found = new Map<string, readonly ParameterHeader[]>()
  for (const tool of Array.isArray(result.tools) ? result.tools : []) {
    const name = isJsonObject(tool) ? stringMember(tool, 'name') : undefined
    const headers = name === undefined ? [] : findParameterHeaders((tool as JsonObject).inputSchema)
    if (name !== undefined && headers !== 'invalid' && headers.length > 0) found.set(name, headers)
  }
  return found
}

/**
 * An older upstream does not compare `Mcp-Param-*` with the arguments, so the gateway does (2026-07-28 §x-mcp-header): others may have decided
 * by them. What is absent, or null, is not mirrored.
 */
export function checkParameterHeaders(
  mirrored: readonly ParameterHeader[],
  callArguments: unknown,
  headers: IncomingHttpHeaders,
): GatewayError | undefined {
  const expected = mirrorArguments(mirrored, callArguments)
  for (const [name, value] of Object.entries(expected)) {
    const sent = headers[name]
    const [given, wanted] = [typeof sent === 'string' ? decodeHeaderValue(sent) : undefined, decodeHeaderValue(value)]
    if (given === undefined || (given !== wanted && !isSameNumber(given, wanted))) {
      return new GatewayError('message_header_mismatch', {
        message: `${name} is missing or differs from the arguments.`,
      })
    }
  }
  return undefined
}

const integer = /^-?\d+(?:\.0+)?$/

/** Integers are compared as numbers. */
function isSameNumber(given: string, wanted: string | undefined): boolean {
  return wanted !== undefined && integer.test(given) && integer.test(wanted) && Number(given) === Number(wanted)
}
