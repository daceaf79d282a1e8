/** Milliseconds since the epoch. Injected where tests must move time. */
export type Clock = () => number
