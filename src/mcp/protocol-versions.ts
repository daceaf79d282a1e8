import type { Era } from '../contracts/mcp.ts'

/** Revisions with the stateless envelope of SEP-2575, newest first. */
export const modernVersions = ['2026-07-28'] as const

/** Revisions that begin with initialize, newest first. */
export const legacyVersions = ['2025-11-25', '2025-06-18', '2025-03-26'] as const

/** Every revision an endpoint serves, newest first; `data.supported` of -32022. */
export const supportedVersions: readonly string[] = [...modernVersions, ...legacyVersions]

// Servers of the first Streamable HTTP release still negotiate it, and clients then repeat it in every request.
const toleratedVersions: readonly string[] = [...legacyVersions, '2024-11-05']

const revisionDate = /^\d{4}-\d{2}-\d{2}$/

/** True for a revision of the given era that this gateway relays. */
export function isServedVersion(era: Era, version: string): boolean {
  return era === 'modern'
    ? (modernVersions as readonly string[]).includes(version)
    : toleratedVersions.includes(version)
}

/** True for a revision at or after the first modern one, whether or not it is served. Revisions are ISO dates, so they sort. */
export function claimsModern(version: string): boolean {
  return revisionDate.test(version) && version >= '2026-07-28'
}

/** The revision to answer `initialize` with: the requested one where it is served, else the newest legacy one. */
export function agreeOnLegacyVersion(requested: string | undefined): string {
  return requested !== undefined && isServedVersion('legacy', requested) ? requested : legacyVersions[0]
}
