import { isJsonObject, type JsonObject, stringMember } from '../../../lib/json.ts'

const internalError = -32603
const invalidParams = -32602
const resourceNotFound = -32002
const missingCapability = -32021
/** Codes about the gateway's own hop; older revisions do not have them. */
const hopCodes: ReadonlySet<unknown> = new Set([-32020, -32022])

/** What an error of 2026-07-28 is in the older revisions: an error, or the result of a tool that reports one. */
export function legacyError(
  error: JsonObject,
  method: string,
): { readonly error: JsonObject } | { readonly result: JsonObject } {
  const { code } = error
  if (code === missingCapability) return refuseCapability(error, method)
  if (hopCodes.has(code))
    return { error: { code: internalError, message: `The upstream refused the request: ${messageOf(error)}` } }
  const isMissing = method === 'resources/read' && code === invalidParams && saysNotFound(error)
  return { error: isMissing ? { ...error, code: resourceNotFound } : error }
}

/** A failure of a tool is for the model, which can go another way. */
function refuseCapability(error: JsonObject, method: string): ReturnType<typeof legacyError> {
  const { data } = error
  const required =
    isJsonObject(data) && isJsonObject(data.requiredCapabilities) ? Object.keys(data.requiredCapabilities) : []
  const needs = required.length > 0 ? ` It needs: ${required.join(', ')}.` : ''
  const text = `The MCP client cannot do what this needs: ${messageOf(error)}.${needs}`.replace('..', '.')
  return failCall(text, method)
}

/** Whatever stands there: converting an object of the upstream to text may run into members of it. */
function messageOf(error: JsonObject): string {
  return stringMember(error, 'message') ?? 'it gave no reason'
}

/** A failure in words: a tool error where a tool was called, else an error. */
export function failCall(
  text: string,
  method: string,
): { readonly error: JsonObject } | { readonly result: JsonObject } {
  return method === 'tools/call'
    ? { result: { content: [{ type: 'text', text }], isError: true } }
    : { error: { code: internalError, message: text } }
}

/** -32602 is also the code of parameters that are wrong in themselves. */
function saysNotFound({ message, data }: JsonObject): boolean {
  return (isJsonObject(data) && typeof data.uri === 'string') || /not found|unknown resource/i.test(String(message))
}
