/**
 * The processes that serve one project together. Without `workers` there is one, which is its own leader. What has to be done once is done by the
 * leader: the first process that is alive. Leadership is given and never taken away; it moves only when the leader has ended.
 */
export interface Peers {
  /** Names this process in ids that clients hold; empty where there is only one. Letters, digits and `-`. */
  readonly self: string
  /** How many processes serve when all are well. */
  readonly count: number
  readonly isLeader: boolean
  /**
   * Runs `start` once, when this process is the leader: at once, or when it becomes it. `start` returns how to stop what it started; that runs
   * when the returned function is called. An error of `start` is thrown where this process is the leader already, else logged.
   */
  onLeader(start: () => StopLeading): StopLeading
}

export type StopLeading = () => void | Promise<void>
