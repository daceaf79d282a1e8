import type { Authentication } from '../../contracts/authentication.ts'
import type { McpMessage, McpReply } from '../../contracts/mcp.ts'
import type { Policy, PolicyHost, PolicyType } from '../../contracts/policy.ts'
import type { Subject, VerifiedAccessToken } from '../../contracts/subject.ts'
import type { SignInSettings, VirtualServer } from '../../contracts/virtual-server.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { ReasonCode } from '../../errors/reasons.ts'
import { objectMember, stringMember } from '../../lib/json.ts'
import { bearerChallenge } from '../../oauth/resource-server/challenge.ts'
import { carriesToken, isAccessToken, readBearerToken } from '../../oauth/resource-server/read-bearer-token.ts'
import { type McpOAuthOptions, mcpOAuthOptions, readSignInSettings } from './options.ts'
import { compileToolScopes } from './tool-scopes.ts'

type TokenReason = Exclude<Extract<ReasonCode, `token_${string}`>, 'token_key_bound'>

const challengeErrors: {
  readonly [Reason in TokenReason]: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | undefined
} = {
  token_missing: undefined,
  token_misplaced: 'invalid_request',
  token_invalid: 'invalid_token',
  token_expired: 'invalid_token',
  token_revoked: 'invalid_token',
  token_wrong_audience: 'invalid_token',
  token_insufficient_scope: 'insufficient_scope',
}

/** Reasons that every sign-in policy may refuse with. */
export const tokenReasons: readonly TokenReason[] = [
  'token_missing',
  'token_invalid',
  'token_expired',
  'token_revoked',
  'token_wrong_audience',
  'token_insufficient_scope',
  'token_misplaced',
]

/** `mcp-oauth-inbound`: MCP clients sign in at the gateway's own authorization server and call with its tokens. */
export const mcpOAuthInbound: PolicyType<McpOAuthOptions> = {
  type: 'mcp-oauth-inbound',
  exportName: 'McpOAuthInboundPolicy',
  summary: 'Requires an access token of the gateway for this virtual server, and signs people in.',
  options: mcpOAuthOptions,
  reasons: tokenReasons,
  sendsNothingUpstream: true,
  authenticates: true,
  signInSettings: readSignInSettings,
  create: ({ scopes }, host) => createTokenPolicy(host, scopes),
}

/** Accepts access tokens of the gateway: the part that all sign-in policies share. */
export function createTokenPolicy(host: PolicyHost, scopes?: SignInSettings['scopes']): Policy {
  const servers = new Map<string, VirtualServer>()
  const findServer = (routePath: string): VirtualServer => {
    const known = servers.get(routePath)
    if (known) return known
    const found = host.virtualServers.list().find((server) => server.path === routePath)
    if (!found) throw new GatewayError('gateway_error', { detail: `${routePath} is not a virtual server` })
    servers.set(routePath, found)
    return found
  }
  const authentication: Authentication = {
    allowsAnonymous: false,
    invitesSignIn: true,
    isPresented: ({ headers }) => headers.authorization !== undefined,
    // Called for every request: no promise and no allocation beyond the token when it was seen before.
    authenticate(exchange) {
      const credential = readBearerToken(exchange.headers, exchange.search)
      if (credential === undefined) return undefined
      if (credential === 'token_misplaced') {
        return carriesToken(exchange.search) ? refuse(credential, findServer(exchange.routePath)) : undefined
      }
      if (!isAccessToken(credential.token)) return undefined
      const server = findServer(exchange.routePath)
      const verified = host.accessTokens.verify(credential.token)
      if (verified instanceof Promise) return verified.then((outcome) => admit(outcome, server))
      return admit(verified, server)
    },
    refuse(exchange) {
      const credential = readBearerToken(exchange.headers, exchange.search)
      const reason = credential === undefined ? 'token_missing' : 'token_invalid'
      return refuse(credential === 'token_misplaced' ? credential : reason, findServer(exchange.routePath))
    },
  }
  const requirements = compileToolScopes(scopes)
  if (requirements.size === 0) return { authentication }
  return {
    authentication,
    onMessage(message, { routeName, routePath, subject }) {
      if (message.method !== 'tools/call') return undefined
      const needed = requirements.get(routeName)?.(toolName(message))
      if (needed === undefined || needed.every((scope) => subject?.scopes.includes(scope))) return undefined
      const server = findServer(routePath)
      const all = [...server.baseScopes, ...needed]
      if (subject === undefined) return refuse('token_missing', server, all)
      const refusal = refuse('token_insufficient_scope', server, all)
      const asResult = scopes?.[routeName]?.stepUp === 'tool-error' && message.kind === 'request'
      return asResult ? answerWithoutChallenge(message, refusal, all) : refusal
    },
  }
}

/** The same refusal for clients that do not react to a challenge: the model reads it, and tells the person. */
function answerWithoutChallenge(message: McpMessage, refusal: GatewayError, scopes: readonly string[]): McpReply {
  const text =
    `"${toolName(message)}" was not called: this application is not allowed to use it yet (${refusal.reason}). ` +
    `It needs the scopes "${[...new Set(scopes)].join(' ')}": disconnect the server in the application and connect it again with these scopes, ` +
    'then allow them on the page that opens. Tools that need no further scope go on working.'
  const result = { content: [{ type: 'text', text }], isError: true }
  return { result: message.era === 'modern' ? { resultType: 'complete', ...result } : result, refusal }
}

function toolName(message: McpMessage): string {
  return stringMember(objectMember(message.body, 'params') ?? {}, 'name') ?? ''
}

function admit(outcome: VerifiedAccessToken | TokenReason, server: VirtualServer): Subject | GatewayError {
  if (typeof outcome === 'string') return refuse(outcome, server)
  if (!outcome.audience.includes(server.resource)) return refuse('token_wrong_audience', server)
  for (const scope of server.baseScopes) {
    if (!outcome.subject.scopes.includes(scope)) return refuse('token_insufficient_scope', server)
  }
  return outcome.subject
}

function refuse(reason: TokenReason, server: VirtualServer, scopes = server.baseScopes): GatewayError {
  const error = challengeErrors[reason]
  const challenge = bearerChallenge({
    metadataUrl: server.metadataUrl,
    scope: [...new Set(scopes)].join(' '),
    error,
    description: error && new GatewayError(reason).message,
  })
  return new GatewayError(reason, { headers: { 'www-authenticate': challenge } })
}
