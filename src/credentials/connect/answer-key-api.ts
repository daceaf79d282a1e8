import type { ApiKeyVerifier, VerifiedApiKey } from '../../contracts/api-key.ts'
import type { ConnectionKey } from '../../contracts/storage.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { asGatewayError, GatewayError } from '../../errors/gateway-error.ts'
import { renderError } from '../../errors/render-error.ts'
import { readBody } from '../../http/read-body.ts'
import { isApiKey } from '../../identity/api-key.ts'
import { consumerSubject } from '../../identity/subject-id.ts'
import { isJsonObject, stringMember } from '../../lib/json.ts'
import { ownerOf } from '../connections.ts'
import type { ConnectHost } from './connect-host.ts'
import { disconnect } from './disconnect.ts'
import { type ConnectFacts, recordConnectEvent } from './record-connect-events.ts'
import { requireUpstream } from './require-upstream.ts'
import type { PageArrival } from './send-page.ts'
import { storeKey } from './store-key.ts'
import { mayActIn } from './tenants.ts'

/** What the API works with. */
export interface KeyApiHost extends ConnectHost {
  readonly apiKeys: ApiKeyVerifier
}

/** Methods by which programs store (PUT) and remove (DELETE) their keys at `…/auth/connections/<upstream>/key`. */
export const keyApiMethods: ReadonlySet<string> = new Set(['PUT', 'DELETE'])

const bodyLimitBytes = 32 * 1024

/**
 * Programs without a browser keep the key of their upstream here: whoever calls with an API key of the gateway stores a key for itself and for
 * nobody else. An access token does not do: it is in the hands of a client, which must not choose whose account its person uses.
 */
export async function answerKeyApi(upstreamId: string, arrival: PageArrival, host: KeyApiHost): Promise<undefined> {
  const { response, requestId } = arrival
  let facts: ConnectFacts = {}
  try {
    const upstream = requireUpstream(upstreamId, host)
    if (upstream.mode !== 'user-api-key') throw new GatewayError('route_not_found')
    const { consumer } = await authenticate(arrival, host)
    const subject = consumerSubject(consumer.name)
    const key = { tenant: consumer.tenant, upstream: upstream.id, owner: ownerOf(subject) }
    facts = { subject, tenant: key.tenant }
    if (!mayActIn(key.tenant, { claimedTenant: key.tenant }, upstream.id, host.upstreams))
      throw new GatewayError('tenant_mismatch', { status: 403 })
    const answer =
      arrival.request.method === 'PUT'
        ? await putKey({ upstream, key, subject }, arrival, host)
        : await removeKey({ upstream, key, subject }, arrival, host)
    const body = JSON.stringify({ upstream: upstream.id, ...answer })
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body)
  } catch (thrown) {
    const error = asGatewayError(thrown)
    const { status, contentType, body } = renderError(error, 'problem', requestId)
    recordConnectEvent(host, 'auth_upstream_failed', requestId, host.upstreams.find(upstreamId), facts, error)
    const headers = { 'content-type': contentType, 'cache-control': 'no-store', ...error.details.headers }
    response.writeHead(status, headers).end(body)
  }
  return undefined
}

interface OwnPlace {
  readonly upstream: UpstreamSettings
  readonly key: ConnectionKey
  readonly subject: string
}

/** Keys are looked up anew: a revoked one must not leave anything behind. */
async function authenticate({ request }: PageArrival, { apiKeys }: KeyApiHost): Promise<VerifiedApiKey> {
  const [scheme = '', key = ''] = (request.headers.authorization ?? '').split(' ')
  const outcome = scheme.toLowerCase() === 'bearer' && isApiKey(key) ? await apiKeys.verify(key, 0) : 'key_missing'
  if (typeof outcome !== 'string') return outcome
  throw new GatewayError(outcome, { headers: { 'www-authenticate': 'Bearer' } })
}

async function putKey({ upstream, key, subject }: OwnPlace, arrival: PageArrival, host: KeyApiHost) {
  const text = readKey((await readBody(arrival.request, bodyLimitBytes)).toString('utf8'))
  const verdict = await storeKey({ upstream, key, text, subject }, host)
  if (verdict instanceof GatewayError) throw verdict
  const facts = { subject, tenant: key.tenant }
  recordConnectEvent(host, 'auth_upstream_connected', arrival.requestId, upstream, facts)
  return { state: 'connected', tried: verdict === 'accepted' }
}

async function removeKey({ upstream, key, subject }: OwnPlace, arrival: PageArrival, host: KeyApiHost) {
  const detail = await disconnect(upstream, key, host)
  if (detail !== undefined) {
    const facts = { subject, tenant: key.tenant, detail }
    recordConnectEvent(host, 'auth_upstream_disconnected', arrival.requestId, upstream, facts)
  }
  return { state: 'connect_required' }
}

function readKey(text: string): string {
  try {
    const body: unknown = JSON.parse(text)
    const key = isJsonObject(body) ? stringMember(body, 'key') : undefined
    if (key !== undefined) return key
  } catch {
    // Said below.
  }
  throw new GatewayError('grant_request_invalid', { message: 'The body must be JSON: {"key": "…"}.' })
}
