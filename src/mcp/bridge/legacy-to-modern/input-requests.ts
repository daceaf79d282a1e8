import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../../lib/json.ts'
import { randomId } from '../../../lib/random-id.ts'
import type { LegacyClient } from '../../client-session.ts'

/** What the upstream asks of the client (2026-07-28 §input_required), as a request of the older revisions. */
export interface Question {
  /** Among the `inputRequests`. */
  readonly key: string
  readonly method: string
  readonly params: JsonObject
  /** URL that a person has to open; undefined for other questions. */
  readonly url: string | undefined
}

/** Questions by method, and the capability by which a client says that it takes them. */
const capabilityOf: { readonly [method: string]: string } = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
}

/** What an upstream asks that this client does not do. */
export interface Unanswerable {
  /** For the person or the model. */
  readonly text: string
}

/** The questions for a client; or what it cannot be asked. Only what it declared is asked (§2.4 of each revision's lifecycle). */
export function readQuestions(inputRequests: unknown, client: LegacyClient): readonly Question[] | Unanswerable {
  const questions: Question[] = []
  for (const [key, request] of Object.entries(isJsonObject(inputRequests) ? inputRequests : {})) {
    const method = isJsonObject(request) ? stringMember(request, 'method') : undefined
    if (!isJsonObject(request) || method === undefined) return { text: 'The upstream asked something that is not MCP.' }
    const params = objectMember(request, 'params') ?? {}
    const refusal = refuseQuestion(method, params, client)
    if (refusal) return refusal
    const isUrl = params.mode === 'url'
    questions.push({ key, method, params: legacyParams(params, client), url: isUrl ? String(params.url) : undefined })
  }
  return questions
}

function refuseQuestion(method: string, params: JsonObject, { capabilities }: LegacyClient): Unanswerable | undefined {
  const name = Object.hasOwn(capabilityOf, method) ? capabilityOf[method] : undefined
  const capability = name === undefined ? undefined : objectMember(capabilities, name)
  if (params.mode === 'url') return isJsonObject(capability?.url) ? undefined : { text: linkInWords(params) }
  if (capability === undefined) return { text: `The MCP client does not answer ${method}, which this needs.` }
  // `elicitation: {}` means forms, which is all that older revisions have.
  const takesForms = name !== 'elicitation' || isJsonObject(capability.form) || !isJsonObject(capability.url)
  return takesForms ? undefined : { text: 'The MCP client does not show forms, which this needs.' }
}

function linkInWords({ message, url }: JsonObject): string {
  const said = typeof message === 'string' && message !== '' ? `${message} ` : ''
  return `${said}Open this link in a browser, then try again: ${String(url)}`
}

/** `mode` came with 2025-11-25, and with it the id of a URL elicitation, which 2026-07-28 does not have any more. */
function legacyParams(params: JsonObject, { protocolVersion = '' }: LegacyClient): JsonObject {
  if (params.mode === 'url') return { ...params, elicitationId: randomId() }
  if (params.mode !== 'form' || protocolVersion >= '2025-11-25') return params
  const { mode: _, ...rest } = params
  return rest
}
