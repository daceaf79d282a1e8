import { createPublicKey, randomBytes } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { request } from 'undici'
import type { ServerBehaviour, ServerCounts, TestClient } from './behaviour.ts'
import type { Call } from './http-call.ts'
import type { TokenBook } from './token-book.ts'

interface ClientDocument {
  readonly client_id?: unknown
  readonly redirect_uris?: readonly string[]
  readonly jwks_uri?: string
}

/** A client of an authorization server. */
export interface KnownClient extends TestClient {
  readonly keysUrl?: string | undefined
}

/** The clients of one authorization server: registered by hand, dynamically, or by their document. */
export class KnownClients {
  readonly #registered = new Map<string, KnownClient>()
  readonly #counts: ServerCounts
  readonly #book: TokenBook

  constructor(counts: ServerCounts, book: TokenBook) {
    this.#counts = counts
    this.#book = book
  }

  /** Dynamic registration (RFC 7591): the registration response. */
  register(metadata: { redirect_uris: readonly string[]; token_endpoint_auth_method?: string }): object {
    this.#counts.registrations += 1
    const method = metadata.token_endpoint_auth_method ?? 'client_secret_basic'
    const clientSecret = method.startsWith('client_secret') ? this.#book.makeSecret('cs') : undefined
    const clientId = `dcr-${randomBytes(6).toString('hex')}`
    const redirectUris = metadata.redirect_uris
    this.#registered.set(clientId, { clientId, redirectUris, ...(clientSecret !== undefined && { clientSecret }) })
    const issued = { client_id: clientId, client_id_issued_at: Math.floor(Date.now() / 1000) }
    const secret = clientSecret === undefined ? {} : { client_secret: clientSecret, client_secret_expires_at: 0 }
    return { ...metadata, token_endpoint_auth_method: method, ...issued, ...secret }
  }

  /** Forgets all dynamic registrations. */
  forget(): void {
    this.#registered.clear()
  }

  async find(clientId: string, behaviour: ServerBehaviour): Promise<KnownClient | undefined> {
    const known =
      behaviour.manualClients.find((client) => client.clientId === clientId) ?? this.#registered.get(clientId)
    if (known) return known
    const isDocument = /^https?:\/\//.test(clientId) && /cimd|both/.test(behaviour.registration)
    if (!isDocument) return undefined
    if (!behaviour.fetchClientDocuments) return { clientId }
    this.#counts.clientDocuments += 1
    const answer = await request(clientId)
    const document = (await answer.body.json()) as ClientDocument
    if (answer.statusCode !== 200 || document.client_id !== clientId) return undefined
    return { clientId, redirectUris: document.redirect_uris ?? [], keysUrl: document.jwks_uri }
  }

  /** The client that authenticated at the token endpoint (RFC 6749 §2.3, RFC 7523 §2.2); undefined: `invalid_client`. */
  async authenticate(
    call: Call,
    form: URLSearchParams,
    behaviour: ServerBehaviour,
    audiences: readonly string[],
  ): Promise<KnownClient | undefined> {
    const basic = /^Basic (.+)$/i.exec(call.headers.authorization ?? '')?.[1]
    const [basicId, basicSecret] = basic ? readBasic(basic) : []
    const assertion = form.get('client_assertion')
    const clientId = basicId ?? form.get('client_id') ?? (assertion ? readSubject(assertion) : undefined)
    const client = clientId === undefined ? undefined : await this.find(clientId, behaviour)
    if (client === undefined) return undefined
    if (assertion !== null) return (await isSignedBy(assertion, client, audiences)) ? client : undefined
    if (client.publicKey !== undefined || client.keysUrl !== undefined) return undefined
    const secret = basicSecret ?? form.get('client_secret') ?? undefined
    return secret === client.clientSecret ? client : undefined
  }
}

function readBasic(value: string): [string, string] {
  const [id = '', secret = ''] = Buffer.from(value, 'base64').toString('utf8').split(':')
  return [decodeURIComponent(id.replaceAll('+', ' ')), decodeURIComponent(secret.replaceAll('+', ' '))]
}

function readSubject(assertion: string): string | undefined {
  const claims = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
    sub?: string
  }
  return claims.sub
}

async function isSignedBy(assertion: string, client: KnownClient, audiences: readonly string[]): Promise<boolean> {
  const options = { issuer: client.clientId, subject: client.clientId, audience: [...audiences], maxTokenAge: '10m' }
  try {
    if (client.publicKey !== undefined) await jwtVerify(assertion, createPublicKey(client.publicKey), options)
    else if (client.keysUrl !== undefined) {
      await jwtVerify(assertion, createRemoteJWKSet(new URL(client.keysUrl)), options)
    } else return false
    return true
  } catch {
    return false
  }
}
