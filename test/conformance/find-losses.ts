import type { CheckResult } from './run-conformance.ts'

/** Names of the checks that succeeded. */
export function passing(results: readonly CheckResult[]): string[] {
  return results.filter(({ status }) => status === 'SUCCESS').map(({ name }) => name)
}

/** Checks that pass directly and do not pass through the gateway. */
export function findLosses(direct: readonly CheckResult[], through: readonly CheckResult[]): string[] {
  const kept = new Set(passing(through))
  return passing(direct)
    .filter((name) => !kept.has(name))
    .sort()
}
