import type { Subject } from '../../contracts/subject.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { isJsonObject } from '../../lib/json.ts'
import { findParameterHeaders, mirrorArguments } from '../../mcp/parameter-headers.ts'
import type { OperatorAnswer, OperatorCall } from '../../pipeline/ask-for-operator.ts'
import type { AdminHost, Administrator } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'

/** Longest time that an administrator waits for an upstream. Milliseconds. */
const longestTryMs = 120_000

export const tryAnswers: AnswersOf<'tryVirtualServer'> = {
  async tryVirtualServer({ params: { name }, body: { method, params } }, { host, administrator, signal }) {
    const call: OperatorCall = {
      method,
      params,
      subject: subjectOf(administrator, scopesOf(name, host)),
      via: 'console',
      clientInfo: { name: 'sallyport-console', version: host.version },
      clientAddress: '',
      signal: AbortSignal.any([signal, AbortSignal.timeout(longestTryMs)]),
    }
    const first = await host.ask(name, call)
    const parameterHeaders = first && (await findMissingHeaders(first, name, call, host))
    const answer = parameterHeaders ? await host.ask(name, { ...call, parameterHeaders }) : first
    if (answer === undefined) throw new GatewayError('admin_not_found')
    const { response, error, requestId, latencyMs, upstreamMs, notifications } = answer
    return {
      result: isJsonObject(response?.result) ? response.result : null,
      error: error ? describeRefusal(error) : readError(response?.error),
      requestId,
      latencyMs: Math.round(latencyMs * 10) / 10,
      upstreamMs: upstreamMs === undefined ? null : Math.round(upstreamMs * 10) / 10,
      notifications: [...notifications],
    }
  },
}

const headerMismatch = -32020
const mostPages = 20

/**
 * A tool may want arguments in headers as well (2026-07-28 §x-mcp-header). A client knows it from the list; here it is looked up when the
 * upstream says that they are missing. Undefined: nothing is.
 */
async function findMissingHeaders({ response }: OperatorAnswer, name: string, call: OperatorCall, host: AdminHost) {
  const { method, params } = call
  if (method !== 'tools/call' || !isJsonObject(response?.error) || response.error['code'] !== headerMismatch) return
  let cursor: unknown
  for (let page = 0; page < mostPages; page++) {
    const listed = await host.ask(name, {
      ...call,
      method: 'tools/list',
      params: cursor === undefined ? {} : { cursor },
    })
    const result = listed?.response?.result
    const tools = isJsonObject(result) && Array.isArray(result['tools']) ? result['tools'].filter(isJsonObject) : []
    const tool = tools.find((each) => each['name'] === params['name'])
    const wanted = tool && findParameterHeaders(tool['inputSchema'])
    if (wanted !== undefined) return wanted === 'invalid' ? undefined : mirrorArguments(wanted, params['arguments'])
    cursor = isJsonObject(result) ? result['nextCursor'] : undefined
    if (cursor === undefined) return
  }
}

/** The same person as in an MCP client, with every scope: what they may do here, their role says. */
function subjectOf({ subject, tenant, name }: Administrator, scopes: readonly string[]): Subject {
  return { id: subject, tenant, clientId: 'console', scopes, data: { name } }
}

function scopesOf(name: string, host: AdminHost): readonly string[] {
  return host.project().virtualServers.find((each) => each.name === name)?.scopes ?? []
}

function describeRefusal({ code, message, reason, declaration, details }: GatewayError) {
  return { code, message, data: { reason, cause: declaration.cause, remedy: declaration.remedy, ...details.data } }
}

function readError(error: unknown) {
  if (!isJsonObject(error)) return null
  const { code, message, data } = error
  return {
    code: typeof code === 'number' && Number.isInteger(code) ? code : -32603,
    message: typeof message === 'string' ? message : 'The upstream gave no reason.',
    ...(data !== undefined && { data }),
  }
}
