/** One stored event. Cursors grow in the order of recording; they are opaque otherwise. */
export interface StoredEvent<Event> {
  readonly cursor: string
  readonly event: Event
}

/** One page of events. */
export interface EventPage<Event> {
  /** Newest first. */
  readonly items: readonly StoredEvent<Event>[]
  /** Pass it as `before` for the next page; undefined: there are no more. */
  readonly next: string | undefined
}

/** A question that no store can answer: unknown name, or parameters that are not as declared. */
export interface QuestionProblem {
  readonly problem: 'unknown-question' | 'invalid-params'
  /** For people: what is wrong, by parameter. */
  readonly message: string
}

/**
 * What the admin API, the command line, alerts and exports see of stored events. Works on another thread: nothing here holds the thread of the
 * caller. `GatewayEventStore` in analytics/event-store.ts is the one of the gateway.
 */
export interface EventStore<Event, Filter> {
  /** Events that fit, newest first, at most `limit`. */
  rows(
    filter: Filter,
    page: { readonly limit: number; readonly before?: string | undefined },
  ): Promise<EventPage<Event>>
  /** How many events fit: those that `rows` lists page by page. Counts them one by one. */
  count(filter: Filter): Promise<number>
  /** The event with this id. */
  row(id: string): Promise<Event | undefined>
  /**
   * Events that were recorded after the one at `cursor` and fit, oldest first, at most `limit`, for following. `cursor` undefined: none, only where
   * to go on. `next` is where to go on in any case.
   */
  after(
    cursor: string | undefined,
    filter: Filter,
    limit: number,
  ): Promise<{ readonly items: readonly StoredEvent<Event>[]; readonly next: string }>
  /** The answer to a question of analytics/questions, as its `answer` declares. Rejects only when the database fails. */
  ask(question: string, params: unknown): Promise<{ readonly answer: unknown } | QuestionProblem>
  close(): Promise<void>
}
