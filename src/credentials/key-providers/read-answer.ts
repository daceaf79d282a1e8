import type { KmsAnswer } from '../../http/call-kms.ts'
import { isJsonObject, type JsonObject, stringMember } from '../../lib/json.ts'
import { VaultKeyError } from '../keys.ts'

/** The JSON object of an answer; throws what the service said against it. `action` is for the message, e.g. `AWS KMS: Decrypt`. */
export function readAnswer({ status, body }: KmsAnswer, action: string): JsonObject {
  const answer = parseObject(body)
  if (answer && status >= 200 && status < 300) return answer
  throw new VaultKeyError(`${action} was refused with ${status}${answer ? `: ${describeRefusal(answer)}` : ''}.`)
}

/** A member that must be there. */
export function requireText(answer: JsonObject, member: string, action: string): string {
  const value = stringMember(answer, member)
  if (value === undefined) throw new VaultKeyError(`${action}: the answer has no "${member}".`)
  return value
}

function parseObject(body: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** AWS: `__type` and `message`; HashiCorp Vault: `errors`. */
function describeRefusal(answer: JsonObject): string {
  const { __type: type, message, Message, errors } = answer
  const texts = [type, message ?? Message, ...(Array.isArray(errors) ? (errors as unknown[]) : [])]
  return texts
    .filter((text) => typeof text === 'string')
    .join(' ')
    .slice(0, 500)
}
