import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { Lru } from '../lib/lru.ts'
import { legacyVersions } from './protocol-versions.ts'

/** Codes by which 2026-07-28 says that a message is wrong for another reason than its revision. */
const modernCodes: readonly unknown[] = [-32020, -32021]
const unsupportedVersion = -32022

const mostVerdicts = 10_000
// Long enough to spare handshakes, short enough to find out that the upstream was upgraded.
const verdictMs = 60 * 60 * 1000

/**
 * Upstreams that answer an `initialize` of a newer revision with an error, where they should name the revision they speak (2025-11-25 §version
 * negotiation): what they took instead, per credential identity.
 */
export class RevisionVerdicts {
  readonly #taken: Lru<string, string>

  constructor(nowMs: () => number = () => performance.now()) {
    this.#taken = new Lru(mostVerdicts, { ttl: verdictMs, ttlResolution: 0, perf: { now: nowMs } })
  }

  /** The revision to ask for in the place of `requested`. */
  revisionFor(identity: string, requested: string): string {
    const taken = this.#taken.get(identity)
    // Revisions are dates.
    return taken !== undefined && taken < requested ? taken : requested
  }

  note(identity: string, revision: string): void {
    this.#taken.set(identity, revision)
  }
}

/**
 * The older revision in which to ask an upstream once more that refused `initialize`: the newest that the refusal names, else the one before.
 * Undefined: the refusal is about something else, or there is none. Nothing was done upstream.
 */
export function findOlderRevision(status: number, response: unknown, asked: string): string | undefined {
  const older = legacyVersions.filter((revision) => revision < asked)
  const error = isJsonObject(response) && isJsonObject(response.error) ? response.error : undefined
  const named = error && supportedOf(error)
  if (named !== undefined) return older.find((revision) => named.includes(revision))
  if (status !== 400 || error?.code === unsupportedVersion || modernCodes.includes(error?.code)) return undefined
  return older[0]
}

function supportedOf({ data }: JsonObject): readonly unknown[] | undefined {
  const supported: unknown = isJsonObject(data) ? data.supported : undefined
  return Array.isArray(supported) ? supported : undefined
}
