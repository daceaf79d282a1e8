/** What happens to one feature in one direction, and where. */
export interface BridgeChange {
  readonly change: string
  /** Files of the direction that do it, without `.ts`. */
  readonly files: readonly string[]
}

/** What becomes of one feature of MCP when client and upstream speak different eras. */
export interface BridgedFeature {
  readonly feature: string
  /** A client of 2026-07-28 in front of an upstream of 2025-11-25 or older. */
  readonly modernToLegacy: BridgeChange
  /** A client of 2025-11-25 or older in front of an upstream of 2026-07-28. */
  readonly legacyToModern: BridgeChange
}

const change = (text: string, ...files: readonly string[]): BridgeChange => ({ change: text, files })

/**
 * Everything that changes between the eras, in one place. What is not named here passes as it came: unknown members, content types, methods
 * of extensions. `docs/reference/eras.md` is written from this table, and its test holds it against the folders.
 */
export const bridgedFeatures: readonly BridgedFeature[] = [
  {
    feature: 'Handshake',
    modernToLegacy: change(
      '`server/discover` is answered from the `initialize` that the gateway sent, with `ttlMs` and `cacheScope: private`.',
      'create-discovery',
    ),
    legacyToModern: change(
      '`initialize` is answered from `server/discover` in the revision the client asked for.',
      'initialize-result',
    ),
  },
  {
    feature: 'Sessions',
    modernToLegacy: change(
      'The gateway keeps sessions upstream: one per person, OAuth client, credential and set of declared capabilities. Begun once, begun anew when the upstream forgot it, ended after ten idle minutes.',
    ),
    legacyToModern: change('The session is the gateway’s own, sealed for its person and client.', 'hop-exchange'),
  },
  {
    feature: 'Capabilities',
    modernToLegacy: change(
      'Those of each request are declared in its session; those of the upstream lose tasks, which mean something else in either era.',
      'map-capabilities',
    ),
    legacyToModern: change(
      'Those of `initialize` are declared in every request, as far as its client can be asked.',
      'client-capabilities',
    ),
  },
  {
    feature: 'Envelope of requests',
    modernToLegacy: change('Taken off; trace and other `_meta` stay.', 'strip-envelope'),
    legacyToModern: change('Put on; members that only older revisions have are left out.', 'modern-request'),
  },
  {
    feature: 'Headers',
    modernToLegacy: change(
      '`Mcp-Method`, `Mcp-Name`, `Mcp-Param-*` end here. Those of arguments are compared with the arguments, for tools that were listed.',
      'check-parameter-headers',
    ),
    legacyToModern: change(
      'All are computed; those of arguments from the tool’s schema, which is listed for it.',
      'tool-finder',
      'tool-index',
    ),
  },
  {
    feature: 'Results',
    modernToLegacy: change(
      '`resultType: complete`, the server’s name, and for lists and resources `ttlMs: 0`, `cacheScope: private`.',
      'complete-result',
      'translate-response',
    ),
    legacyToModern: change(
      'Lose those again. Structured content that is no object is wrapped in one, and its schema with it.',
      'legacy-result',
      'output-schema',
      'modern-response',
    ),
  },
  {
    feature: 'Errors',
    modernToLegacy: change(
      'A resource that is not there is `-32602`; codes about an envelope become `-32603`; an unknown method is 404.',
      'map-error',
    ),
    legacyToModern: change('A missing capability is the result of the tool, in words.', 'legacy-error'),
  },
  {
    feature: 'Elicitation, sampling, roots',
    modernToLegacy: change(
      'The stream of the call stays open upstream while the client is answered `input_required`; its next round takes the call up. Five minutes, eight per person. What is gone is an error: nothing runs twice.',
      'ask-client',
      'request-state',
      'parked-calls',
    ),
    legacyToModern: change(
      'The client is asked on the stream of its call, and the upstream called again with the answers.',
      'ask-client',
      'input-requests',
      'legacy-call',
    ),
  },
  {
    feature: 'Links to open (`-32042`)',
    modernToLegacy: change(
      '`input_required` with the links; the next round calls again. A client that opens none gets them as text.',
      'elicit-urls',
    ),
    legacyToModern: change('Asked with an id where the client opens links, else text.', 'input-requests'),
  },
  {
    feature: 'Progress and logs',
    modernToLegacy: change(
      'Progress under the client’s token. Logs from the level of the call on: the session has the lowest that was asked for.',
      'filter-notification',
    ),
    legacyToModern: change(
      'Progress under the client’s token. The level of the session goes with every request.',
      'legacy-notification',
    ),
  },
  {
    feature: 'Cancellation',
    modernToLegacy: change('A client that hangs up: `notifications/cancelled` with the id of the hop.'),
    legacyToModern: change('`notifications/cancelled` ends the request upstream; hanging up does not.', 'legacy-call'),
  },
  {
    feature: 'Changes of lists and resources',
    modernToLegacy: change(
      '`subscriptions/listen` is served from `resources/subscribe` and the GET stream, which is open only as long as somebody listens, or a call runs whose client can be asked.',
      'subscription',
    ),
    legacyToModern: change(
      'The GET stream and `resources/subscribe` are served from `subscriptions/listen`.',
      'session-stream',
    ),
  },
  {
    feature: 'Streams that break',
    modernToLegacy: change('Taken up with `Last-Event-ID`; the client does not notice.'),
    legacyToModern: change('The call is lost, as 2026-07-28 has it.'),
  },
  {
    feature: 'Tasks',
    modernToLegacy: change(
      'Tools that demand a task are not listed, nor is the offer of one; `tasks/*` is unknown.',
      'hide-tasks',
    ),
    legacyToModern: change(
      'The extension is not declared, so calls are answered when they are done.',
      'modern-request',
    ),
  },
  {
    feature: '`ping`, `logging/setLevel`',
    modernToLegacy: change('The upstream’s `ping` is answered.'),
    legacyToModern: change('Answered by the gateway.', 'answer-locally'),
  },
]
