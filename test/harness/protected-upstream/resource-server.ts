import type { UpstreamMessage } from '../upstreams/listen.ts'
import { handshakeResult, plainTool, textResult, toolList } from '../upstreams/mcp-results.ts'
import type { ResourceBehaviour, ResourceCounts } from './behaviour.ts'
import type { Answer, Call } from './http-call.ts'
import type { Grant, TokenBook } from './token-book.ts'

/** What the MCP endpoint needs to know of its surroundings. */
export interface ResourceParts {
  readonly origin: string
  readonly behaviour: () => ResourceBehaviour
  /** Issuers of `authorization_servers`, resolved. */
  readonly issuers: () => readonly string[]
  /** Tokens of the authorization servers that are trusted now. */
  readonly books: () => readonly TokenBook[]
  /** Resolves when the test releases what is held. */
  readonly hold: () => Promise<void>
}

/** Who calls. */
interface Caller {
  readonly account: string
  readonly scopes: readonly string[]
  readonly grant?: Grant
}

/**
 * `hold` answers when the test says so; `write_note` needs the scope `write`; `never_allowed` asks for `read`, whatever the token has;
 * `fail_with_headers` repeats in its error what it received.
 */
const tools = ['whoami', 'echo_headers', 'hold', 'write_note', 'never_allowed', 'fail_with_headers']

/** The MCP endpoint at `/mcp`, for both eras, with the metadata of RFC 9728. */
export class ResourceServer {
  readonly url: string
  readonly counts: ResourceCounts = { metadata: 0, unauthorized: 0, forbidden: 0, messages: {} }
  readonly #parts: ResourceParts

  constructor(parts: ResourceParts) {
    this.#parts = parts
    this.url = `${parts.origin}/mcp`
  }

  endpointOf(pathname: string): 'resource-metadata' | 'mcp' | undefined {
    if (pathname === '/mcp') return 'mcp'
    const isMetadata =
      pathname.startsWith('/.well-known/oauth-protected-resource') || pathname === metadataPaths.elsewhere
    return isMetadata ? 'resource-metadata' : undefined
  }

  answer(call: Call): Promise<Answer> | Answer {
    return call.url.pathname === '/mcp' ? this.#answerMcp(call) : this.#answerMetadata(call.url.pathname)
  }

  #answerMetadata(pathname: string): Answer {
    this.counts.metadata += 1
    const behaviour = this.#parts.behaviour()
    if (behaviour.metadataPlace === 'absent' || metadataPaths[behaviour.metadataPlace] !== pathname)
      return { status: 404 }
    const body = {
      resource: behaviour.metadataResource ?? this.url,
      authorization_servers: this.#parts.issuers(),
      bearer_methods_supported: ['header'],
      scopes_supported: behaviour.scopesSupported,
    }
    return { status: 200, body }
  }

  async #answerMcp(call: Call): Promise<Answer> {
    const caller = this.#findCaller(call)
    if (caller === undefined) {
      this.counts.unauthorized += 1
      return { status: 401, headers: this.#challenge(call), body: { error: 'unauthorized' } }
    }
    if (call.method !== 'POST') return { status: 405 }
    const message = JSON.parse(call.body) as UpstreamMessage
    this.counts.messages[message.method] = (this.counts.messages[message.method] ?? 0) + 1
    if (message.id === undefined) return { status: 202 }
    const list = message.method === 'tools/list' ? toolList(tools.map(plainTool)) : undefined
    const result = handshakeResult(message) ?? list
    if (result !== undefined) return reply(message, result)
    const tool = String(message.params?.['name'])
    if (tool === 'write_note' && !caller.scopes.includes('write')) return this.#answerForbidden('write')
    if (tool === 'never_allowed') return this.#answerForbidden('read')
    if (tool === 'hold') await this.#parts.hold()
    if (tool === 'fail_with_headers') {
      const error = { code: -32603, message: JSON.stringify(call.headers) }
      return { status: 200, body: { jsonrpc: '2.0', id: message.id, error } }
    }
    if (tool === 'echo_headers') return reply(message, textResult(JSON.stringify(call.headers)))
    const { account, scopes } = caller
    return reply(message, textResult(JSON.stringify({ account, scopes, certificate: call.certificate ?? null })))
  }

  #findCaller(call: Call): Caller | undefined {
    const { protection, apiKeys } = this.#parts.behaviour()
    if (protection === 'none') return { account: call.certificate ?? 'anybody', scopes: ['write'] }
    if (protection === 'api-key') {
      const value = String(call.headers[apiKeys.header] ?? '')
      const prefix = apiKeys.scheme === '' ? '' : `${apiKeys.scheme} `
      const key = value.startsWith(prefix) ? value.slice(prefix.length) : ''
      const owner = Object.hasOwn(apiKeys.owners, key) ? apiKeys.owners[key] : undefined
      return owner === undefined ? undefined : { account: owner, scopes: ['write'] }
    }
    const token = /^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1] ?? ''
    for (const book of this.#parts.books()) {
      const grant = book.findAccess(token)
      // RFC 8707: a token that names another resource is not for us.
      if (grant && (grant.resource === undefined || grant.resource === this.url)) {
        return { account: grant.account, scopes: grant.scopes, grant }
      }
    }
    return undefined
  }

  #challenge(call: Call): Record<string, string> {
    const { protection, challengeScope } = this.#parts.behaviour()
    if (protection === 'api-key') return {}
    const parameters = [...this.#metadataParameter()]
    if (challengeScope !== undefined) parameters.push(`scope="${challengeScope}"`)
    if (call.headers.authorization !== undefined) parameters.push('error="invalid_token"')
    return { 'www-authenticate': parameters.length === 0 ? 'Bearer' : `Bearer ${parameters.join(', ')}` }
  }

  #answerForbidden(scope: string): Answer {
    this.counts.forbidden += 1
    const parameters = ['error="insufficient_scope"', `scope="${scope}"`, ...this.#metadataParameter()]
    return { status: 403, headers: { 'www-authenticate': `Bearer ${parameters.join(', ')}` }, body: { error: 'scope' } }
  }

  #metadataParameter(): string[] {
    const { metadataPlace, metadataInChallenge } = this.#parts.behaviour()
    if (metadataPlace === 'absent' || !(metadataInChallenge || metadataPlace === 'elsewhere')) return []
    return [`resource_metadata="${this.#parts.origin}${metadataPaths[metadataPlace]}"`]
  }
}

const metadataPaths = {
  path: '/.well-known/oauth-protected-resource/mcp',
  root: '/.well-known/oauth-protected-resource',
  elsewhere: '/meta/resource',
}

function reply(message: UpstreamMessage, result: object): Answer {
  return { status: 200, body: { jsonrpc: '2.0', id: message.id, result } }
}
