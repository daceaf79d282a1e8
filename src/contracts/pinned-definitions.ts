import type { ReasonCode } from '../errors/reasons.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Exchange } from './exchange.ts'

/**
 * What can be pinned: the four lists, which are also the members of the results that hold them, and `instructions`, the text of a server
 * to the model, as a list of one.
 */
export type DefinitionList = 'tools' | 'prompts' | 'resources' | 'resourceTemplates' | 'instructions'

/** One capability as it was when somebody pinned it. */
export interface PinnedDefinition {
  /** SHA-256 over the canonical definition; what is compared. */
  readonly hash: string
  /** The definition for people, pictures left out. */
  readonly definition: JsonObject
}

/** Everything that is pinned of one virtual server, by name or URI. */
export type ServerPins = { readonly [List in DefinitionList]: ReadonlyMap<string, PinnedDefinition> }

/** What differed from the pins when a caller listed last: only that is remembered, which is nearly always nothing. */
export interface Deviation {
  readonly hash: string
  /** Hidden characters or instructions to the model, if there were any. */
  readonly suspicions: readonly string[]
}

/** Something to tell the operator about a definition. */
export interface DefinitionNotice {
  readonly event: 'capability_changed' | 'capability_suspicious'
  readonly list: DefinitionList
  readonly name: string
  /** Of the definition; the same one is told about once. */
  readonly hash: string
  /** Why it is hidden and cannot be used; undefined: it is offered. */
  readonly blockedBy: ReasonCode | undefined
  /** Also written to the log. */
  readonly warns: boolean
  /** What changed, or what is suspicious, in at most 1,000 characters. */
  readonly describe: () => string
  readonly policyName: string
}

/** Which page of a list it is: the cursor it was asked for with, and that of the next one. */
export interface DefinitionPage {
  readonly cursor: string | undefined
  readonly next: string | undefined
}

/** What the gateway knows of definitions, beyond one snapshot and one policy. */
export interface PinnedDefinitions {
  /** What is pinned of a virtual server; undefined: nothing. */
  pinsOf(server: string): ServerPins | undefined
  /** To wait for before `deviationOf` knows what an earlier process saw; undefined, as nearly always: nothing. */
  ready(exchange: Exchange): Promise<void> | undefined
  /** What deviated when this caller, or whoever shares its credential, listed last; undefined: nothing. */
  deviationOf(exchange: Exchange, list: DefinitionList, name: string): Deviation | undefined
  /** What one page of a list showed; undefined for what is as it is pinned. */
  note(exchange: Exchange, list: DefinitionList, shown: ReadonlyMap<string, Deviation | undefined>): void
  /** Keeps what the upstream listed, for `sallyport pins`. Returns at once. */
  keep(exchange: Exchange, list: DefinitionList, page: DefinitionPage, entries: readonly JsonObject[]): void
  /** Makes an event of it. Returns at once. */
  report(exchange: Exchange, notice: DefinitionNotice): void
}
