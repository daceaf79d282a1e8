import type { IncomingMessage } from 'node:http'

/** What the gateway knows about a request that the provider handles; the provider itself only sees a rewritten request. */
export interface RequestContext {
  readonly requestId: string
  /** The request as it came from the wire. */
  readonly original: IncomingMessage
  readonly clientAddress: string
}

const contexts = new WeakMap<IncomingMessage, RequestContext>()

/** Remembers the context of a rewritten request. */
export function setRequestContext(request: IncomingMessage, context: RequestContext): void {
  contexts.set(request, context)
}

/** The context of a rewritten request. */
export function getRequestContext(request: IncomingMessage): RequestContext {
  const context = contexts.get(request)
  if (!context) throw new Error('the request did not come through the front door')
  return context
}
