import { sha256 } from '../../lib/hash.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { randomToken } from '../../lib/random-id.ts'

const idLength = 22

/**
 * The id of a client that registers. Programs on people's computers register again at every start: a public client whose answers
 * stay on the computer has the id of its metadata, so that the same registration is the same client. All others get an id of
 * their own: a secret belongs to one, and consent for an https redirect is remembered by client (docs/adr/0011).
 */
export function chooseClientId(metadata: unknown): string {
  if (!isJsonObject(metadata) || !isShareable(metadata)) return randomToken(16)
  const members = Object.entries(metadata).sort(([one], [other]) => (one < other ? -1 : 1))
  return sha256(JSON.stringify(members)).slice(0, idLength)
}

function isShareable(metadata: JsonObject): boolean {
  const uris = metadata['redirect_uris']
  const isPublic = metadata['token_endpoint_auth_method'] === 'none'
  return isPublic && Array.isArray(uris) && uris.every((uri) => typeof uri === 'string' && !/^https:/i.test(uri))
}
