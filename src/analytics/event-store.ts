import type { EventStore } from '../contracts/event-store.ts'
import type { GatewayEvent } from './event.ts'
import type { EventFilter } from './event-filter.ts'

/** The store of the gateway's events. */
export type GatewayEventStore = EventStore<GatewayEvent, EventFilter>
