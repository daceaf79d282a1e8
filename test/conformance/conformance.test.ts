import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { obtainToken, registerClient } from '../harness/obtain-token.ts'
import { findFreePort } from '../harness/spawn-gateway.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { signIn } from '../harness/write-project.ts'
import expectedFailures from './expected-failures.json' with { type: 'json' }
import { findLosses } from './find-losses.ts'
import { type Fixture, startFixture } from './fixture/start-fixture.ts'
import { type BearerInjector, startBearerInjector } from './inject-bearer.ts'
import { runAuthorizationConformance } from './run-authorization.ts'
import { type CheckResult, type OlderRevision, type RequirementSet, runConformance } from './run-conformance.ts'

// The official suite, once against our fixture and once through the gateway with a real access token. What passes directly
// must pass through the gateway too, unless expected-failures.json says why not; what is listed there must really be lost.
const requirementSets: readonly RequirementSet[] = ['2025-11-25', '2026-07-28']

describe('official conformance suite', () => {
  let fixture: Fixture
  let newer: Fixture
  let older: Fixture
  let gateway: TestGateway
  let injector: BearerInjector
  beforeAll(async () => {
    fixture = await startFixture()
    newer = await startFixture('modern')
    older = await startFixture('legacy')
    const everything = {
      ...signIn(),
      curated: ['mcp-capability-filter-inbound', { deny: { tools: ['no_such_tool'] } }] as const,
      limited: ['rate-limit-inbound', { rateLimitBy: 'user', requestsAllowed: 100_000, timeWindowMinutes: 1 }] as const,
    }
    gateway = await startTestGateway({
      servers: {
        plain: { upstream: fixture.url, inbound: ['sign-in'] },
        governed: { upstream: fixture.url, inbound: ['sign-in', 'limited', 'curated'] },
        older: { upstream: older.url, inbound: ['sign-in', 'limited', 'curated'] },
        newer: { upstream: newer.url, inbound: ['sign-in', 'limited', 'curated'] },
      },
      policies: everything,
    })
  })
  afterAll(async () => {
    await injector?.close()
    await gateway.close()
    await fixture.close()
    await newer.close()
    await older.close()
  })

  const directRuns = new Map<RequirementSet, Promise<CheckResult[]>>()
  const runDirectly = (requirements: RequirementSet): Promise<CheckResult[]> => {
    const run = directRuns.get(requirements) ?? runConformance(fixture.url, requirements)
    directRuns.set(requirements, run)
    return run
  }

  const runsThroughGateway = new Map<string, Promise<CheckResult[]>>()
  const runThroughGateway = (server: string, requirements: RequirementSet | OlderRevision): Promise<CheckResult[]> => {
    const key = `${server} ${requirements}`
    const run = runsThroughGateway.get(key) ?? runOnceThroughGateway(server, requirements)
    runsThroughGateway.set(key, run)
    return run
  }
  const runOnceThroughGateway = async (
    server: string,
    requirements: RequirementSet | OlderRevision,
  ): Promise<CheckResult[]> => {
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server(server))
    injector = await startBearerInjector(gateway.publicUrl, accessToken)
    const results = await runConformance(`${injector.url}/mcp/${server}`, requirements)
    await injector.close()
    return results
  }

  it.each(requirementSets)(
    '%s: the fixture itself passes all that is scored',
    async (requirements) => {
      const results = await runDirectly(requirements)
      // Tasks are an extension that neither the suite scores nor the fixture offers.
      const failures = results.filter(({ name, status }) => status === 'FAILURE' && !name.startsWith('tasks-'))
      expect(failures).toEqual([])
      expect(results.filter(({ status }) => status === 'SUCCESS').length).toBeGreaterThan(80)
    },
    120_000,
  )

  it.each(requirementSets.flatMap((set) => [[set, 'plain'] as const, [set, 'governed'] as const]))(
    '%s through the gateway, %s: nothing is lost but what is listed',
    async (requirements, server) => {
      const through = await runThroughGateway(server, requirements)
      const direct = await runDirectly(requirements)
      expect(findLosses(direct, through)).toEqual(Object.keys(expectedFailures[requirements]).sort())
    },
    240_000,
  )

  it('2025-11-25 over an upstream that only speaks 2026-07-28: nothing is lost but what is listed', async () => {
    const through = await runThroughGateway('newer', '2025-11-25')
    expect(through.filter(({ status }) => status === 'FAILURE')).toEqual([])
    const expected = expectedFailures['2025-11-25 over 2026-07-28']
    expect(findLosses(await runDirectly('2025-11-25'), through)).toEqual(Object.keys(expected).sort())
  }, 240_000)

  it('2026-07-28 over an upstream that only speaks 2025-11-25: nothing is lost but what is listed', async () => {
    const through = await runThroughGateway('older', '2026-07-28')
    const expected = expectedFailures['2026-07-28 over 2025-11-25']
    expect(findLosses(await runDirectly('2026-07-28'), through)).toEqual(Object.keys(expected).sort())
  }, 240_000)

  it.each([
    ['2025-06-18', 'plain', 50],
    ['2025-06-18', 'newer', 50],
    ['2025-03-26', 'plain', 3],
    ['2025-03-26', 'newer', 3],
  ] as const)(
    '%s through the gateway, %s: everything there is passes',
    async (revision, server, atLeast) => {
      const results = await runThroughGateway(server, revision)
      expect(results.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')).toEqual([])
      expect(results.filter(({ status }) => status === 'SUCCESS').length).toBeGreaterThanOrEqual(atLeast)
    },
    240_000,
  )

  it('finds nothing wrong with the authorization server', async () => {
    const port = await findFreePort()
    const clientId = await registerClient(gateway.publicUrl, `http://127.0.0.1:${port}/callback`)
    const resource = gateway.server('plain')
    const results = await runAuthorizationConformance({ issuer: gateway.publicUrl, clientId, resource, port })
    expect(results.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')).toEqual([])
    expect(results.map(({ name }) => name.split('/')[0])).toContain('authorization-code-grant')
  }, 90_000)
})
