import type { JsonObject } from '../lib/json.ts'

/** A question that a client was asked on the stream of its call. */
export interface OpenQuestion {
  /** Unguessable JSON-RPC id. */
  readonly id: string
  /** The client's whole JSON-RPC response. */
  readonly answer: Promise<JsonObject>
  /** Nobody waits for the answer any more. */
  withdraw(): void
}

/**
 * What goes on in one session of a client of an older revision besides its requests. Whoever holds it came with the session id, which opens
 * for one subject and client only; so nothing in it is ever within reach of anybody else.
 */
export interface LiveSession {
  /** As set by `logging/setLevel`. */
  logLevel: string | undefined
  /** Called when a resource was subscribed to, or not any more; set by the GET stream. */
  onSubscriptionsChanged: (() => void) | undefined
  /** URIs of resources. */
  readonly subscriptions: readonly string[]
  /** False when there are too many. */
  subscribe(uri: string): boolean
  unsubscribe(uri: string): void
  /** Undefined when the client owes too many answers already. */
  ask(): OpenQuestion | undefined
  /** Hands a response of the client to the call that waits for it; false when none does. */
  answer(id: string, response: JsonObject): boolean
  /** A call of this session runs under the client's own id, until the returned function is called. */
  begin(id: string | number, cancel: () => void): () => void
  /** `notifications/cancelled`: ends a call of this session, if it still runs. */
  cancel(id: string | number): void
  /** A session has one GET stream: a new one takes the place of the one before, whose connection may be dead. */
  attachStream(end: () => void): void
  detachStream(end: () => void): void
}

/**
 * The sessions of this process; they outlive a reload of the configuration. A session whose client is idle for long may be forgotten, and sooner
 * when its owner has many: nobody's sessions push out those of others. The owner of a session is always the same.
 */
export interface LiveSessions {
  /** How many are remembered. */
  readonly size: number
  /** The session of this key; undefined when it was ended. */
  open(key: string, owner: string): LiveSession | undefined
  hasEnded(key: string): boolean
  /** Ends its calls and streams; from now on nobody opens it. */
  end(key: string, owner: string): void
}
