import { type JsonObject, stringMember } from '../../lib/json.ts'
import { concerns } from '../../mcp/bridge/modern-to-legacy/subscription.ts'
import { type Listener, nobody, type PendingCall } from './pending-call.ts'

/** Beyond this it is not known any more who left calls behind. */
const mostLeftBehind = 1_000

/**
 * Who may hear what a program says without saying to whom: over stdio, notifications and requests carry no call. Lists that changed are
 * everybody's business. What else a program tells may come late, so it is passed on only while one person alone has ever used the process.
 * Requests it makes belong to a call that still runs: they are passed on while all these are one person's, those included whose caller went
 * away while the program may still be at work.
 */
export class Audience {
  readonly #onlyOwner: string | undefined
  readonly #calls = new Map<number, PendingCall>()
  readonly #leftBehind = new Map<number, string>()
  readonly #listeners: ReadonlySet<Listener>
  #isUnknown = false
  #firstOwner: string | undefined
  #hadSeveral = false

  /** `onlyOwner`: the person whom the process belongs to; undefined: it is shared. `listeners` may change. */
  constructor(onlyOwner: string | undefined, listeners: ReadonlySet<Listener>) {
    this.#onlyOwner = onlyOwner
    this.#listeners = listeners
  }

  enter(id: number, call: PendingCall): void {
    if (call.owner === nobody) return
    this.#calls.set(id, call)
    this.#firstOwner ??= call.owner
    if (call.owner !== this.#firstOwner) this.#hadSeveral = true
  }

  /** `staysConcerned`: the program may still work on it. */
  leave(id: number, staysConcerned: boolean): void {
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    if (call === undefined || !staysConcerned || this.#onlyOwner !== undefined) return
    if (this.#leftBehind.size >= mostLeftBehind) this.#isUnknown = true
    else this.#leftBehind.set(id, call.owner)
  }

  /** The program answered it after all. */
  forget(id: number): void {
    this.#leftBehind.delete(id)
  }

  /** The running calls of the one person whom all calls belong to, the latest first; none when there are several people. */
  onlyOwnersCalls(): readonly { readonly id: number; readonly call: PendingCall }[] {
    const calls = [...this.#calls].map(([id, call]) => ({ id, call })).toReversed()
    const owners = new Set([...calls.map(({ call }) => call.owner), ...this.#leftBehind.values()])
    return owners.size === 1 && !this.#isUnknown ? calls : []
  }

  /** Tells a notification that belongs to no call to whom it may concern. */
  announce(notification: JsonObject): void {
    const method = stringMember(notification, 'method') ?? ''
    if (/^notifications\/\w+\/list_changed$/.test(method)) this.#tellEverybody(notification)
    else if (method === 'notifications/resources/updated') this.#tellSubscribers(notification)
    else this.#tellOwner(notification)
  }

  /** Once to each: on the streams that are there for it, else on a call. */
  #tellEverybody(notification: JsonObject): void {
    const served = new Set<string>()
    for (const listener of this.#listeners) {
      listener.notify(notification)
      served.add(listener.owner)
    }
    for (const call of [...this.#calls.values()].toReversed()) {
      if (!served.has(call.owner)) call.notify(notification)
      served.add(call.owner)
    }
  }

  #tellSubscribers(notification: JsonObject): void {
    const subscribers = [...this.#listeners].filter(({ subscriptions: resources }) =>
      concerns(notification, { id: '', listChanges: [], resources }),
    )
    for (const listener of subscribers) listener.notify(notification)
    if (subscribers.length === 0 && !this.#hadSeveral) this.#latestCall?.notify(notification)
  }

  #tellOwner(notification: JsonObject): void {
    if (this.#hadSeveral) return
    const latest = this.#latestCall
    if (latest !== undefined) latest.notify(notification)
    else if (this.#onlyOwner !== undefined) for (const listener of this.#listeners) listener.notify(notification)
  }

  get #latestCall(): PendingCall | undefined {
    return [...this.#calls.values()].at(-1)
  }
}
