import { describe, expect, it } from 'vitest'
import expectedFailures from './expected-client-failures.json' with { type: 'json' }
import { playScenario } from './play-scenario.ts'
import { runClientConformance } from './run-client.ts'
import type { RequirementSet } from './run-conformance.ts'
import { type ClientScenario, playThroughGateway, useUpstream } from './use-upstream.ts'

// The official suite plays upstreams with their authorization servers, and the gateway is the client under test: what fails must be
// listed in expected-client-failures.json, and what is listed must really fail.
const requirementSets: readonly RequirementSet[] = ['2025-11-25', '2026-07-28']

describe('official conformance suite, the gateway as client of an upstream', () => {
  it.each(requirementSets)(
    '%s: fails nothing but what is listed',
    async (requirements) => {
      const results = await runClientConformance(requirements, (each) =>
        each.scenario.startsWith('auth/') ? useUpstream(each) : undefined,
      )
      const about = results.filter(({ name }) => name.startsWith('auth/'))
      const bad = about.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
      const listed = Object.keys(expectedFailures[requirements])
      const names = bad.map(({ name }) => name).sort()
      expect(names, JSON.stringify(bad, null, 1)).toEqual(listed.sort())
      expect(about.filter(({ status }) => status === 'SUCCESS').length).toBeGreaterThan(60)
    },
    300_000,
  )

  const otherRevision = (each: RequirementSet) => (each === '2025-11-25' ? '2026-07-28' : '2025-11-25')

  it.each(requirementSets)(
    '%s: what a client passes directly passes through the gateway, and so it does for a client of the other era',
    async (requirements) => {
      const direct = await playAll(requirements, (each) => playScenario(each.upstream, {}, each))
      expect(direct.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')).toEqual([])
      expect(direct.length).toBeGreaterThanOrEqual(20)
      const through = await playAll(requirements, (each) => playThroughGateway(each))
      expect(through).toEqual(direct)
      const across = await playAll(requirements, (each) => playThroughGateway(each, otherRevision(requirements)))
      const passing = new Set(across.filter(({ status }) => status === 'SUCCESS').map(({ name }) => name))
      const lost = direct.filter(({ name, status }) => status === 'SUCCESS' && !passing.has(name))
      const listed = expectedFailures[`${requirements} from a client of the other era`]
      expect(lost.map(({ name }) => name).sort()).toEqual(Object.keys(listed).sort())
    },
    300_000,
  )
})

/** The checks of all scenarios that are not about authorization. */
async function playAll(requirements: RequirementSet, play: (scenario: ClientScenario) => Promise<string>) {
  const isOther = (name: string) => !name.startsWith('auth/')
  const results = await runClientConformance(requirements, (each) => (isOther(each.scenario) ? play(each) : undefined))
  return results.filter(({ name, status }) => isOther(name) && status !== 'INFO')
}
