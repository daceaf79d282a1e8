import type { OperationResult } from '../../../src/admin/api-types.ts'
import type { EventFilter as DeclaredFilter } from '../../../src/analytics/event-filter.ts'

/** One event as the admin API answers it. */
export type Exchange = OperationResult<'getEvent'>

/** Which events: every member must fit; an empty text means events without one. The same names in URLs, in questions and in the live tail. */
export type EventFilter = Readonly<DeclaredFilter>
