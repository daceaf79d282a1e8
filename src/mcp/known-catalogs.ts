import type { Exchange } from '../contracts/exchange.ts'
import type { Logger } from '../contracts/logger.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import type { KnownCatalogs } from '../contracts/storage.ts'
import type { CredentialMode, UpstreamSettings } from '../contracts/upstream.ts'
import { sha256 } from '../lib/hash.ts'
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../lib/json.ts'
import { Lru } from '../lib/lru.ts'
import { CatalogPages } from './catalog-pages.ts'
import { listMethods } from './methods.ts'

/** What the catalogues of one route need. */
export interface RouteCatalogsOptions {
  readonly store: KnownCatalogs
  readonly virtualServer: string
  readonly upstream: UpstreamSettings
  readonly log: Logger
}

interface Noted {
  readonly tenant: string
  readonly owner: string
  readonly method: string
  /** Cursor of the request; undefined for the first page. */
  readonly cursor: string | undefined
  /** Of the credential under which it was listed. */
  readonly identity: string
  readonly body: Buffer
}

const writeAfterMs = 500
const sameForMs = 60_000
const largestBytes = 1024 * 1024
const mostNotedBytes = 16 * 1024 * 1024
const mostRemembered = 10_000
const sharedOwner = 'shared'

/** Modes in which everybody is served with the same credential, and so with the same catalogue. */
const sharedModes: ReadonlySet<CredentialMode> = new Set([
  'shared-oauth',
  'shared-api-key',
  'client-credentials',
  'mtls',
])

/** Modes in which somebody can be without a connection; in the others nobody ever needs to know what there was. */
const connectionModes: ReadonlySet<CredentialMode> = new Set([
  'user-oauth',
  'shared-oauth',
  'user-api-key',
  'shared-api-key',
])

/** True when the upstream sees everybody's calls under one credential. */
export function isSharedMode(mode: CredentialMode): boolean {
  return sharedModes.has(mode)
}

const recordedMethods: ReadonlySet<string> = new Set([...listMethods.keys(), 'initialize', 'server/discover'])

/**
 * What the upstream of one route listed last, for people who are not connected at the moment. It is written behind the answers, and only
 * when it changed.
 */
export class RouteCatalogs {
  readonly #options: RouteCatalogsOptions
  /** Listed and not looked at yet. */
  #noted: Noted[] = []
  #notedBytes = 0
  /** Credential and length of what was noted in the last minute. */
  readonly #seen = new Lru<string, { readonly look: string; readonly untilMs: number }>(mostRemembered)
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  /** Lists whose last page has not come yet. */
  readonly #pages = new CatalogPages(largestBytes)
  /** Hash of what was written last. */
  readonly #written = new Lru<string, string>(mostRemembered)

  constructor(options: RouteCatalogsOptions) {
    this.#options = options
  }

  /** True when answers to this method are worth noting. */
  records(message: McpMessage): boolean {
    return (
      message.kind === 'request' &&
      recordedMethods.has(message.method) &&
      connectionModes.has(this.#options.upstream.mode)
    )
  }

  /**
   * Keeps an answer of the upstream, given under the credential `identity`. Nearly always it is what it was a moment ago: an answer of the
   * same length is looked at once a minute.
   */
  note(message: McpMessage, exchange: Exchange, identity: string, body: Buffer): void {
    if (body.length > largestBytes || this.#notedBytes > mostNotedBytes) return
    const { tenant } = exchange
    const { method } = message
    const params = objectMember(message.body, 'params')
    const cursor = params && stringMember(params, 'cursor')
    for (const owner of this.#ownersOf(exchange)) {
      const key = JSON.stringify([tenant, owner, method, cursor])
      const look = `${body.length} ${identity}`
      const seen = this.#seen.get(key)
      if (seen?.look === look && seen.untilMs > performance.now()) continue
      this.#seen.set(key, { look, untilMs: performance.now() + sameForMs })
      this.#noted.push({ tenant, owner, method, cursor, identity, body })
      this.#notedBytes += body.length
      this.#timer ??= setTimeout(() => void this.flush(), writeAfterMs).unref()
    }
  }

  /**
   * What this caller would see if its connection worked; undefined when nobody knows. Without `hasConnection` there is none at all: what it
   * saw under an earlier one ended with that and is removed.
   */
  async find(method: string, exchange: Exchange, hasConnection: boolean): Promise<JsonObject | undefined> {
    if (this.#noted.length > 0) await this.flush()
    for (const owner of this.#ownersOf(exchange)) {
      const result = await this.#read(exchange.tenant, owner, method)
      if (result && (hasConnection || owner === sharedOwner)) return result
      if (result) await this.#remove(exchange.tenant, owner)
    }
    return undefined
  }

  /** Writes what was noted. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const noted = this.#noted
    this.#noted = []
    this.#notedBytes = 0
    this.#writing = this.#writing.then(async () => {
      for (const each of noted) await this.#take(each)
    })
    return this.#writing
  }

  async #take(noted: Noted): Promise<void> {
    const { tenant, owner, method, cursor, identity, body } = noted
    const response = parseResponse(body)
    const result = response && completedResult(response)
    if (result === undefined) return
    const member = listMethods.get(method)
    const key = JSON.stringify([tenant, owner, method, identity])
    const complete = member ? this.#pages.add({ key, member, cursor, result, bytes: body.length }) : result
    if (complete) await this.#write(noted, complete)
  }

  async #write({ tenant, owner, method, identity }: Omit<Noted, 'cursor' | 'body'>, value: JsonObject): Promise<void> {
    const result = JSON.stringify(value)
    if (result.length > largestBytes) return
    const key = JSON.stringify([tenant, owner, method])
    // Another process may have removed the record of an earlier connection.
    const hash = sha256(identity + result)
    if (this.#written.get(key) === hash) return
    const { store, virtualServer, log } = this.#options
    try {
      await store.put({ tenant, virtualServer, owner, method, result, updatedAtMs: Date.now() })
      this.#written.set(key, hash)
    } catch (error) {
      log.warn({ route: virtualServer, method, err: error }, 'could not remember a catalogue')
    }
  }

  async #read(tenant: string, owner: string, method: string): Promise<JsonObject | undefined> {
    const { store, virtualServer } = this.#options
    const record = await store.find({ tenant, virtualServer, owner, method })
    const result: unknown = record && JSON.parse(record.result)
    return isJsonObject(result) ? result : undefined
  }

  async #remove(tenant: string, owner: string): Promise<void> {
    const { store, virtualServer } = this.#options
    for (const method of recordedMethods) this.#written.delete(JSON.stringify([tenant, owner, method]))
    this.#seen.clear()
    await store.remove(tenant, virtualServer, owner)
  }

  /** For whom a catalogue is kept; the caller's own goes before that of others. */
  #ownersOf({ subject }: Exchange): readonly string[] {
    const { mode, shareCatalog } = this.#options.upstream
    if (isSharedMode(mode)) return [sharedOwner]
    const own = subject ? [`subject:${subject.id}`] : []
    return shareCatalog ? [...own, sharedOwner] : own
  }
}

function parseResponse(body: Buffer): JsonObject | undefined {
  try {
    const response: unknown = JSON.parse(body.toString('utf8'))
    return isJsonObject(response) ? response : undefined
  } catch {
    return undefined
  }
}

function completedResult(response: JsonObject): JsonObject | undefined {
  const result = objectMember(response, 'result')
  return result?.resultType === undefined || result.resultType === 'complete' ? result : undefined
}
