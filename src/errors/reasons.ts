/** Where a failure began: with the caller, in the gateway, or behind it. */
export type FailureOrigin = 'client' | 'gateway' | 'upstream'

/** One documented reason for a refusal or failure: what the caller receives, why it happens and what to do about it. */
export interface Reason {
  readonly origin: FailureOrigin
  /** HTTP status of the answer when nothing has been sent yet. 200: answered in-band as a JSON-RPC error. */
  readonly status: number
  /** JSON-RPC error code on MCP routes. Codes MCP defines where one fits, else the HTTP status as application code. */
  readonly code: number
  /** Public sentence: reaches the caller. */
  readonly message: string
  /** For the operator: how this comes about. */
  readonly cause: string
  /** For the operator or the caller: what to do. */
  readonly remedy: string
}

const invalidRequest = -32600
const methodNotFound = -32601
const invalidParams = -32602
const internalError = -32603
const parseError = -32700
const headerMismatch = -32020
const missingCapability = -32021
const unsupportedVersion = -32022

/** Every reason code with its wire form, cause and remedy. Codes are never renamed and a retired one is never reused. */
export const reasons = {
  token_missing: {
    origin: 'client',
    status: 401,
    code: 401,
    message: 'Sign in first: this virtual server needs an access token.',
    cause: 'The request carried no Authorization header.',
    remedy: 'Let the MCP client follow the WWW-Authenticate challenge and sign in.',
  },
  token_invalid: {
    origin: 'client',
    status: 401,
    code: 401,
    message: 'The access token is not valid.',
    cause: 'The token is unknown: mistyped, issued by somebody else, or deleted long ago.',
    remedy: 'Sign in again from the MCP client.',
  },
  token_expired: {
    origin: 'client',
    status: 401,
    code: 401,
    message: 'The access token has expired.',
    cause: 'Access tokens live for gateway.accessTokenTtlSeconds (default 15 minutes).',
    remedy: 'The client refreshes by itself; if it does not, sign in again.',
  },
  token_revoked: {
    origin: 'client',
    status: 401,
    code: 401,
    message: 'The access token has been revoked.',
    cause: 'The client revoked it, or a refresh token of its grant was used twice.',
    remedy: 'Sign in again from the MCP client.',
  },
  token_wrong_audience: {
    origin: 'client',
    status: 401,
    code: 401,
    message: 'The access token was issued for another virtual server.',
    cause: 'A token is bound to one virtual server (RFC 8707) and was presented at a different one.',
    remedy: 'Sign in to this virtual server; each has its own token.',
  },
  token_insufficient_scope: {
    origin: 'client',
    status: 403,
    code: 403,
    message: 'The access token does not cover this operation.',
    cause: 'The person granted fewer scopes than the operation needs.',
    remedy: 'Sign in again and grant the scope named in the challenge.',
  },
  token_misplaced: {
    origin: 'client',
    status: 400,
    code: 400,
    message: 'Send the access token in the Authorization header only.',
    cause: 'The request carried the token in the query, twice, or with another scheme than Bearer (RFC 6750 §2).',
    remedy: 'Configure the client to send `Authorization: Bearer …`; never put a token into a URL.',
  },
  client_unknown: {
    origin: 'client',
    status: 400,
    code: 400,
    message: 'This application is not registered with the gateway any more.',
    cause: 'The client_id is unknown: it was never registered here, or the registration expired unused.',
    remedy: 'Remove the server from the MCP client and add it again, so that it registers anew.',
  },
  client_metadata_invalid: {
    origin: 'client',
    status: 400,
    code: 400,
    message: 'The client metadata is not acceptable.',
    cause: 'A registration or a Client ID Metadata Document has no usable redirect URI or contradicts itself.',
    remedy: 'See error_description; correct the metadata.',
  },
  client_metadata_unreachable: {
    origin: 'client',
    status: 400,
    code: 400,
    message: 'The Client ID Metadata Document could not be fetched.',
    cause: 'The document is not on a public https address, redirects, is too large or did not answer in time.',
    remedy: 'Check that the gateway can reach the URL; otherwise let the client register dynamically.',
  },
  client_redirect_invalid: {
    origin: 'client',
    status: 400,
    code: 400,
    message: 'The application asked to be answered at an address that it did not register.',
    cause:
      'The redirect_uri matches none of the redirect URIs of the client (RFC 9700 §2.1); only the port of a loopback address may differ.',
    remedy:
      'Remove the server from the MCP client and add it again. If you followed a link to get here, do not trust it.',
  },
  client_unauthenticated: {
    origin: 'client',
    status: 401,
    code: 401,
    message: 'The application could not be authenticated.',
    cause:
      'The client secret or assertion at the token endpoint is wrong, or of another kind than the client registered.',
    remedy: 'Remove the server from the MCP client and add it again; check the configured client secret.',
  },
  grant_invalid: {
    origin: 'client',
    status: 400,
    code: 400,
    message: 'This authorization code or refresh token is not valid any more.',
    cause: 'It is unknown, expired, was used before, belongs to another client, or its grant was revoked.',
    remedy: 'Sign in again from the MCP client.',
  },
  grant_request_invalid: {
    origin: 'client',
    status: 400,
    code: 400,
    message: 'The sign-in request of the application is not valid.',
    cause: 'A parameter is missing, repeated or contradicts another; PKCE with S256 is required.',
    remedy: 'See error_description; update the MCP client.',
  },
  grant_refused: {
    origin: 'client',
    status: 403,
    code: 403,
    message: 'Access was not granted.',
    cause: 'The person chose to refuse on the consent page.',
    remedy: 'Start the sign-in again and allow access.',
  },
  grant_expired: {
    origin: 'client',
    status: 400,
    code: 400,
    message: 'This sign-in is over or has expired. Start it again from your MCP client.',
    cause: 'The sign-in page was open for too long, was answered twice, or belongs to another browser.',
    remedy: 'Start the sign-in again from the MCP client.',
  },
  grant_target_invalid: {
    origin: 'client',
    status: 400,
    code: 400,
    message: 'The requested resource is not a virtual server of this gateway.',
    cause: 'The `resource` parameter (RFC 8707) is absent or names none of the virtual servers.',
    remedy: 'Send the `resource` of the protected resource metadata unchanged.',
  },
  origin_not_allowed: {
    origin: 'client',
    status: 403,
    code: 403,
    message: 'This Origin is not allowed.',
    cause: 'A browser page of another origin called the gateway (DNS rebinding or a missing allow-list entry).',
    remedy: 'Add the origin to allowedOrigins in sallyport.jsonc if it should be allowed.',
  },
  host_not_allowed: {
    origin: 'client',
    status: 403,
    code: 403,
    message: 'This Host is not served here.',
    cause: 'The Host header names neither publicUrl nor the listener (DNS rebinding or a proxy that rewrites Host).',
    remedy: 'Set publicUrl, or add the host to allowedHosts in sallyport.jsonc.',
  },
  route_not_found: {
    origin: 'client',
    status: 404,
    code: 404,
    message: 'There is nothing at this path.',
    cause: 'No route of the project has this path.',
    remedy: 'Run `sallyport routes` for the list of paths.',
  },
  method_not_allowed: {
    origin: 'client',
    status: 405,
    code: 405,
    message: 'This HTTP method is not served here.',
    cause: 'MCP is served over POST; streams opened by GET and DELETE of sessions are not offered on this route.',
    remedy: 'None needed: MCP clients go on over POST.',
  },
  message_not_json: {
    origin: 'client',
    status: 400,
    code: parseError,
    message: 'The body is not valid JSON.',
    cause: 'The body could not be parsed as UTF-8 JSON.',
    remedy: 'Send one JSON-RPC 2.0 message as JSON.',
  },
  message_invalid: {
    origin: 'client',
    status: 400,
    code: invalidRequest,
    message: 'The body is not a JSON-RPC 2.0 message.',
    cause: 'jsonrpc, method, id or params are missing or of the wrong type.',
    remedy: 'Send one JSON-RPC 2.0 message as JSON.',
  },
  message_batch: {
    origin: 'client',
    status: 400,
    code: invalidRequest,
    message: 'JSON-RPC batches are not accepted.',
    cause: 'The body is an array. MCP removed batches in 2025-06-18.',
    remedy: 'Send one message per POST.',
  },
  message_content_type: {
    origin: 'client',
    status: 415,
    code: 415,
    message: 'Send the message as application/json.',
    cause: 'The Content-Type header is missing or names another media type.',
    remedy: 'Send `Content-Type: application/json`.',
  },
  message_not_acceptable: {
    origin: 'client',
    status: 406,
    code: 406,
    message: 'Accept both application/json and text/event-stream.',
    cause: 'The Accept header excludes one of the two forms that an MCP answer may take.',
    remedy: 'Send `Accept: application/json, text/event-stream`.',
  },
  message_header_mismatch: {
    origin: 'client',
    status: 400,
    code: headerMismatch,
    message: 'An MCP header contradicts the body.',
    cause: 'MCP-Protocol-Version, Mcp-Method or Mcp-Name is missing or differs from the message (2026-07-28).',
    remedy: 'Derive the headers from the message; a proxy in between must not rewrite either alone.',
  },
  message_envelope_incomplete: {
    origin: 'client',
    status: 400,
    code: invalidParams,
    message: 'params._meta lacks a required field.',
    cause: 'A 2026-07-28 request must carry protocolVersion and clientCapabilities in params._meta.',
    remedy: 'Update the MCP client.',
  },
  message_method_unknown: {
    origin: 'client',
    status: 404,
    code: methodNotFound,
    message: 'Method not found.',
    cause: 'The method does not exist in the protocol revision that the client speaks.',
    remedy: 'Update the MCP client, or use a method of its revision.',
  },
  message_version_unsupported: {
    origin: 'client',
    status: 400,
    code: unsupportedVersion,
    message: 'This MCP protocol version is not supported.',
    cause: 'The client asked for a protocol revision that the gateway does not speak.',
    remedy: 'Use one of the versions in error.data.supported.',
  },
  message_capability_missing: {
    origin: 'client',
    status: 400,
    code: missingCapability,
    message: 'The client does not declare a capability that this call needs.',
    cause: 'The upstream needs elicitation, sampling or roots and the client declared none.',
    remedy: 'Use an MCP client that has the capability.',
  },
  session_unknown: {
    origin: 'client',
    status: 404,
    code: 404,
    message: 'There is no such MCP session.',
    cause: 'The session id is unknown, expired, or belongs to another person or client.',
    remedy: 'None needed: clients initialize again.',
  },
  capability_not_allowed: {
    origin: 'client',
    status: 200,
    code: invalidParams,
    message: 'Unknown capability.',
    cause: 'A policy of this virtual server hides the tool, prompt or resource.',
    remedy: 'Add it to the list of mcp-capability-filter-inbound if it should be offered.',
  },
  capability_unknown: {
    origin: 'client',
    status: 200,
    code: invalidParams,
    message: 'The upstream does not know this capability, or refuses its arguments.',
    cause: 'The upstream answered the call with -32602, -32601 or -32002: unknown name, or arguments that do not fit.',
    remedy: 'Let the client list again; check the name and the arguments against the schema.',
  },
  capability_failed: {
    origin: 'upstream',
    status: 200,
    code: internalError,
    message: 'The tool reported an error.',
    cause: 'The upstream answered the call with isError or a JSON-RPC error.',
    remedy: 'The answer says what went wrong; it was passed on unchanged.',
  },
  connection_required: {
    origin: 'client',
    status: 200,
    code: internalError,
    message: 'Connect your account first.',
    cause: 'The upstream needs a credential of this person and there is none.',
    remedy: 'Open the link in the answer and connect.',
  },
  limit_rate_exceeded: {
    origin: 'client',
    status: 429,
    code: 429,
    message: 'Rate limit exceeded. Try again later.',
    cause: 'More requests than rate-limit-inbound allows within its window.',
    remedy: 'Wait for the seconds in Retry-After, or raise requestsAllowed.',
  },
  limit_body_exceeded: {
    origin: 'client',
    status: 413,
    code: 413,
    message: 'The request body is too large.',
    cause: 'The body is larger than limits.requestBodyBytes (default 4 MiB).',
    remedy: 'Send less, or raise the limit.',
  },
  limit_arguments_exceeded: {
    origin: 'client',
    status: 200,
    code: invalidParams,
    message: 'The arguments are too large or too deeply nested.',
    cause: 'Arguments exceed limits.argumentsBytes (default 1 MiB) or limits.argumentsDepth (default 64).',
    remedy: 'Send less, or raise the limit.',
  },
  limit_response_exceeded: {
    origin: 'upstream',
    status: 502,
    code: internalError,
    message: 'The answer of the upstream is too large.',
    cause: 'The answer exceeds limits.responseBytes (default 32 MiB) or limits.sseEventBytes (default 1 MiB).',
    remedy: 'Ask for less, or raise the limit.',
  },
  limit_capabilities_exceeded: {
    origin: 'upstream',
    status: 502,
    code: internalError,
    message: 'The upstream offers too many capabilities.',
    cause: 'One list of the upstream has more entries than limits.capabilities (default 1,000).',
    remedy: 'Curate the virtual server at the upstream, or raise the limit.',
  },
  upstream_unreachable: {
    origin: 'upstream',
    status: 502,
    code: internalError,
    message: 'The upstream cannot be reached.',
    cause: 'The connection was refused, reset, or its name or certificate could not be resolved.',
    remedy: 'Check that the upstream runs and that rewritePattern names it.',
  },
  upstream_timeout: {
    origin: 'upstream',
    status: 504,
    code: internalError,
    message: 'The upstream did not answer in time.',
    cause: 'No connection, first byte, or next byte within the limits of the route.',
    remedy: 'Look at the upstream; raise limits.upstream… if it is slow by nature.',
  },
  upstream_disconnected: {
    origin: 'upstream',
    status: 502,
    code: internalError,
    message: 'The upstream broke off its answer.',
    cause: 'The connection closed before the answer was complete.',
    remedy: 'Call again; look at the log of the upstream.',
  },
  upstream_unauthorized: {
    origin: 'upstream',
    status: 502,
    code: internalError,
    message: 'The upstream refused the credential of the gateway.',
    cause: 'The upstream answered 401 or 403: the credential that the gateway sent is wrong, expired or missing.',
    remedy: 'Check the credential of the route (set-upstream-api-key-inbound and its environment variable).',
  },
  upstream_refused: {
    origin: 'upstream',
    status: 502,
    code: internalError,
    message: 'The upstream refused the request.',
    cause: 'The upstream answered with an HTTP error that carries no JSON-RPC message.',
    remedy: 'Look at the log of the upstream; the status is in the event.',
  },
  upstream_rate_limited: {
    origin: 'upstream',
    status: 429,
    code: internalError,
    message: 'The upstream is limiting requests. Try again later.',
    cause: 'The upstream answered 429.',
    remedy: 'Wait for the seconds in Retry-After.',
  },
  upstream_protocol_error: {
    origin: 'upstream',
    status: 502,
    code: internalError,
    message: 'The upstream did not answer with MCP.',
    cause: 'The answer is neither JSON nor an event stream, is malformed, or answers another request.',
    remedy: 'Check that rewritePattern names the MCP endpoint itself and not a web page.',
  },
  request_cancelled: {
    origin: 'client',
    status: 499,
    code: internalError,
    message: 'The client went away.',
    cause: 'The client closed the connection before the answer was complete; in 2026-07-28 that cancels the call.',
    remedy: 'None needed.',
  },
  config_subject_missing: {
    origin: 'gateway',
    status: 500,
    code: internalError,
    message: 'This route is not configured correctly.',
    cause: 'A policy needs to know the user, but no policy before it on the route authenticates one.',
    remedy: 'Put the authentication policy first among the inbound policies of the route.',
  },
  gateway_stopping: {
    origin: 'gateway',
    status: 503,
    code: internalError,
    message: 'The gateway is restarting. Try again.',
    cause: 'The request arrived, or was still running, when the gateway stopped.',
    remedy: 'Try again.',
  },
  gateway_error: {
    origin: 'gateway',
    status: 500,
    code: internalError,
    message: 'Something went wrong in the gateway.',
    cause: 'An unexpected error; the log has it under the request id.',
    remedy: 'Report it with the request id.',
  },
} as const satisfies Record<string, Reason>

/** A documented reason code. */
export type ReasonCode = keyof typeof reasons

/** The declaration of one reason code. */
export function reason(code: ReasonCode): Reason {
  return reasons[code]
}
