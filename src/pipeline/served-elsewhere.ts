import type { Peer } from '../contracts/peers.ts'

/** Nothing was done yet, and another process has what the message is about. */
export class ServedElsewhere extends Error {
  readonly peer: Peer

  constructor(peer: Peer) {
    super(`served by ${peer.name}`)
    this.peer = peer
  }
}
