import { describe, expect, it } from 'vitest'
import expectedFailures from './expected-client-failures.json' with { type: 'json' }
import { runClientConformance } from './run-client.ts'
import type { RequirementSet } from './run-conformance.ts'

// The official suite plays upstreams with their authorization servers, and the gateway is the client under test: what fails must be
// listed in expected-client-failures.json, and what is listed must really fail.
const requirementSets: readonly RequirementSet[] = ['2025-11-25', '2026-07-28']

describe('official conformance suite, the gateway as client of an upstream', () => {
  it.each(requirementSets)(
    '%s: fails nothing but what is listed',
    async (requirements) => {
      const results = await runClientConformance(requirements)
      const bad = results.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
      const listed = Object.keys(expectedFailures[requirements])
      const names = bad.map(({ name }) => name).sort()
      expect(names, JSON.stringify(bad, null, 1)).toEqual(listed.sort())
      const passed = results.filter(({ name, status }) => name.startsWith('auth/') && status === 'SUCCESS')
      expect(passed.length).toBeGreaterThan(60)
    },
    300_000,
  )
})
