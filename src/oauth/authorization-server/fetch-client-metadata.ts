import type { Clock } from '../../contracts/clock.ts'
import type { OAuthRecords } from '../../contracts/storage.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { FetchDocument, FetchedDocument } from '../../http/fetch-document.ts'
import { sha256 } from '../../lib/hash.ts'
import { isJsonObject, type JsonObject, stringMember } from '../../lib/json.ts'
import { defaultTenant } from '../../lib/tenant.ts'
import { sanitizeClientMetadata } from './sanitize-client-metadata.ts'

/** What fetching for the provider needs. */
export interface FetchForProviderOptions {
  readonly fetchDocument: FetchDocument
  readonly records: OAuthRecords
  readonly clock: Clock
  /** Asked before a document is fetched that was never fetched before: each one costs a request to a stranger and a record. */
  readonly admitNewClient: () => boolean
  /** The request on whose behalf is fetched; undefined outside of one. */
  readonly currentRequest: () => object | undefined
  /** Private-use schemes that clients may have their answers sent to; undefined: any that is harmless. */
  readonly redirectSchemes: () => readonly string[] | undefined
  /** A client was seen for the first time, with the name it gives itself. */
  readonly onNewClient: (clientId: string, name: string | null) => void
}

/** The shape in which the provider wants to fetch. */
export type ProviderFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

const model = 'ClientMetadataDocument'
const keptSeconds = 90 * 24 * 3600
const jwksBytes = 64 * 1024

/**
 * `fetch` for the provider: Client ID Metadata Documents and client JWKS, through the guarded door. The last good document of a
 * client is kept, so that a grant lives on while the client's site is down (or the gateway restarts without a network).
 */
export function createProviderFetch(options: FetchForProviderOptions): ProviderFetch {
  const answers = new WeakMap<object, Map<string, Promise<Response>>>()
  return async (input) => {
    const url = input instanceof Request ? input.url : String(input)
    const request = options.currentRequest()
    if (request === undefined) return fetchOrRecall(url, options)
    // The provider asks again when it refuses a client, to answer the error: one request costs a stranger's site one fetch.
    const own = answers.get(request) ?? new Map<string, Promise<Response>>()
    answers.set(request, own)
    const answer = own.get(url) ?? fetchOrRecall(url, options)
    own.set(url, answer)
    return (await answer).clone()
  }
}

async function fetchOrRecall(url: string, options: FetchForProviderOptions): Promise<Response> {
  const isKnown = (await options.records.find(model, sha256(url))) !== undefined
  if (!isKnown && !options.admitNewClient()) throw new GatewayError('limit_rate_exceeded')
  try {
    const document = await options.fetchDocument(url, { maxBytes: jwksBytes })
    return await answerWith(document, url, options)
  } catch (error) {
    const kept = await findKept(url, options)
    if (kept === undefined) throw error
    return new Response(kept, { headers: { 'content-type': 'application/json' } })
  }
}

const documentBytes = 5 * 1024

async function answerWith(document: FetchedDocument, url: string, options: FetchForProviderOptions): Promise<Response> {
  const headers = { ...document.headers, 'content-type': 'application/json' }
  const parsed: unknown = JSON.parse(document.body.toString('utf8'))
  if (document.status !== 200 || !isMetadataOf(parsed, url)) return rebuild(document.body, document.status, headers)
  if (document.body.length > documentBytes) throw refusal(`the document is larger than ${documentBytes} bytes`)
  const sanitized = sanitizeClientMetadata(parsed, 'document', options.redirectSchemes())
  if ('error' in sanitized) throw refusal(sanitized.description)
  const text = JSON.stringify(sanitized.metadata)
  // The provider refuses it: nothing to remember, nobody new.
  if (usesSharedSecret(sanitized.metadata)) return rebuild(Buffer.from(text), 200, headers)
  const known = await options.records.find(model, sha256(url))
  await options.records.upsert({
    model,
    tenant: defaultTenant,
    idHash: sha256(url),
    grantId: undefined,
    uid: undefined,
    payload: text,
    expiresAtMs: options.clock() + keptSeconds * 1000,
    consumedAtMs: undefined,
  })
  if (!known) options.onNewClient(url, stringMember(sanitized.metadata, 'client_name') ?? null)
  return rebuild(Buffer.from(text), 200, headers)
}

async function findKept(url: string, options: FetchForProviderOptions): Promise<string | undefined> {
  const record = await options.records.find(model, sha256(url))
  if (!record || (record.expiresAtMs ?? 0) <= options.clock()) return undefined
  return record.payload
}

function refusal(detail: string): GatewayError {
  return new GatewayError('client_metadata_invalid', { detail })
}

function usesSharedSecret(metadata: JsonObject): boolean {
  const method = stringMember(metadata, 'token_endpoint_auth_method') ?? ''
  const carried = Object.hasOwn(metadata, 'client_secret') || Object.hasOwn(metadata, 'client_secret_expires_at')
  return carried || method.startsWith('client_secret_')
}

function isMetadataOf(parsed: unknown, url: string): boolean {
  return isJsonObject(parsed) && parsed['client_id'] === url
}

function rebuild(body: Buffer, status: number, headers: { [name: string]: string }): Response {
  const kept = Object.fromEntries(
    Object.entries(headers).filter(([name]) => name === 'cache-control' || name === 'content-type'),
  )
  const empty = status === 204 || status === 304
  return new Response(empty ? null : new Uint8Array(body), { status, headers: kept })
}
