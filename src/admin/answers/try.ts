import type { Subject } from '../../contracts/subject.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { isJsonObject } from '../../lib/json.ts'
import type { AdminHost, Administrator } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'

/** Longest time that an administrator waits for an upstream. Milliseconds. */
const longestTryMs = 120_000

export const tryAnswers: AnswersOf<'tryVirtualServer'> = {
  async tryVirtualServer({ params: { name }, body: { method, params } }, { host, administrator, signal }) {
    const answer = await host.ask(name, {
      method,
      params,
      subject: subjectOf(administrator, scopesOf(name, host)),
      via: 'console',
      clientInfo: { name: 'sallyport-console', version: host.version },
      clientAddress: '',
      signal: AbortSignal.any([signal, AbortSignal.timeout(longestTryMs)]),
    })
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
