import { LRUCache } from 'lru-cache'
import type { ConnectionKey, ConnectionRecord } from '../contracts/storage.ts'

const mostRemembered = 10_000

/** Open connections in memory, so that a call costs neither the store nor a decryption. */
export class RememberedConnections<Connection extends { readonly record: ConnectionRecord }> {
  readonly #connections = new LRUCache<string, Connection>({ max: mostRemembered })
  /** Grows when something is forgotten: what was read before that may be no more. */
  forgotten = 0

  get(key: ConnectionKey): Connection | undefined {
    return this.#connections.get(placeOf(key))
  }

  /** One that needs consent again is not remembered: the next call must see at once that somebody connected. */
  put(connection: Connection): void {
    const place = placeOf(connection.record)
    if (connection.record.state === 'connected') this.#connections.set(place, connection)
    else this.#connections.delete(place)
  }

  delete(key: ConnectionKey): void {
    this.forgotten++
    this.#connections.delete(placeOf(key))
  }

  /** By id of the connection. Rare, so there is no second index. */
  forget(id: string): void {
    this.forgotten++
    for (const [place, { record }] of this.#connections.entries()) {
      if (record.id === id) this.#connections.delete(place)
    }
  }

  clear(): void {
    this.forgotten++
    this.#connections.clear()
  }
}

/** Unambiguous: ids of upstreams have no slash. */
function placeOf({ upstream, tenant, owner }: ConnectionKey): string {
  return `${upstream}/${tenant.length}/${tenant}${owner}`
}
