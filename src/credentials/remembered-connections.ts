import type { ConnectionKey, ConnectionRecord } from '../contracts/storage.ts'
import { Lru } from '../lib/lru.ts'

const mostRemembered = 10_000

/** Open connections in memory, so that a call costs neither the store nor a decryption. */
export class RememberedConnections<Connection extends { readonly record: ConnectionRecord }> {
  readonly #connections = new Lru<string, Connection>(mostRemembered)
  /** Grows when a connection ends: what was being read then may be no more. */
  ended = 0

  get(key: ConnectionKey): Connection | undefined {
    return this.#connections.get(placeOf(key))
  }

  /** One that needs consent again is not remembered: the next call must see at once that somebody connected. */
  put(connection: Connection): void {
    const place = placeOf(connection.record)
    if (connection.record.state === 'connected') this.#connections.set(place, connection)
    else this.#connections.delete(place)
  }

  /** Nothing is stored there. */
  delete(key: ConnectionKey): void {
    this.#connections.delete(placeOf(key))
  }

  /** The connection there ended in this process. */
  end(key: ConnectionKey): void {
    this.ended++
    this.delete(key)
  }

  /** The connection with this id ended in another process. Rare, so there is no second index. */
  endById(id: string): void {
    this.ended++
    for (const [place, { record }] of this.#connections.entries()) {
      if (record.id === id) this.#connections.delete(place)
    }
  }

  /** Any may have ended. */
  endAll(): void {
    this.ended++
    this.#connections.clear()
  }
}

/** Unambiguous: ids of upstreams have no slash. */
function placeOf({ upstream, tenant, owner }: ConnectionKey): string {
  return `${upstream}/${tenant.length}/${tenant}${owner}`
}
