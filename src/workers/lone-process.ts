import type { Peers } from '../contracts/peers.ts'

/** A gateway of one process: the leader of nobody. */
export const loneProcess: Peers = {
  self: '',
  count: 1,
  isLeader: true,
  isSpeaker: true,
  onLeader: (start) => start(),
  tell: () => undefined,
  hear: () => undefined,
}
