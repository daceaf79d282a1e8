import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Era } from '../../src/contracts/mcp.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { signIn } from '../harness/write-project.ts'
import expectedFailures from './expected-failures.json' with { type: 'json' }
import { findLosses, passing } from './find-losses.ts'
import { type Fixture, startFixture } from './fixture/start-fixture.ts'
import { startBearerInjector } from './inject-bearer.ts'
import { type CheckResult, type RequirementSet, runConformance } from './run-conformance.ts'

// Every pair of revisions, over upstreams that answer everything as JSON, and such that answer everything as an event stream. What passes
// directly, at a server of the client's era that answers in the same way, must pass through the gateway, but for what expected-failures.json
// explains. The README shows the numbers.
const revisions: readonly RequirementSet[] = ['2025-11-25', '2026-07-28']
const modes = ['json', 'sse'] as const
type Mode = (typeof modes)[number]
const eras = { '2025-11-25': 'legacy', '2026-07-28': 'modern' } as const satisfies { [set in RequirementSet]: Era }

interface Cell {
  readonly client: RequirementSet
  readonly upstream: RequirementSet
  readonly mode: Mode
}

const cells: readonly Cell[] = revisions.flatMap((client) =>
  revisions.flatMap((upstream) => modes.map((mode) => ({ client, upstream, mode }))),
)
const serverOf = (upstream: RequirementSet, mode: Mode) => `${eras[upstream]}-${mode}`
const listed: { readonly [cell: string]: object | undefined } = expectedFailures

describe('official conformance suite, in JSON and in event streams', () => {
  const fixtures = new Map<string, Fixture>()
  const direct = new Map<string, CheckResult[]>()
  const shown = new Map<string, string>()
  let gateway: TestGateway
  beforeAll(async () => {
    for (const upstream of revisions) {
      for (const mode of modes) fixtures.set(serverOf(upstream, mode), await startFixture(eras[upstream], mode))
    }
    const servers = [...fixtures].map(([name, { url }]) => [name, { upstream: url, inbound: ['sign-in'] }])
    gateway = await startTestGateway({ servers: Object.fromEntries(servers), policies: signIn() })
  })
  afterAll(async () => {
    await gateway.close()
    for (const fixture of fixtures.values()) await fixture.close()
  })

  const runDirectly = async ({ client, mode }: Cell): Promise<CheckResult[]> => {
    const server = serverOf(client, mode)
    const results = direct.get(server) ?? (await runConformance(fixtures.get(server)?.url ?? '', client))
    direct.set(server, results)
    return results
  }

  const runThrough = async ({ client, upstream, mode }: Cell): Promise<CheckResult[]> => {
    const server = serverOf(upstream, mode)
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server(server))
    const injector = await startBearerInjector(gateway.publicUrl, accessToken)
    try {
      return await runConformance(`${injector.url}/mcp/${server}`, client)
    } finally {
      await injector.close()
    }
  }

  it.each(cells)(
    '$client over $upstream in $mode: nothing is lost but what is listed',
    async (cell) => {
      const results = await runDirectly(cell)
      const lost = findLosses(results, await runThrough(cell))
      expect(passing(results).length).toBeGreaterThan(75)
      const all = passing(results).length
      shown.set(`${cell.client} ${cell.upstream} ${cell.mode}`, `${all - lost.length} of ${all}`)
      expect(lost).toEqual(Object.keys(listed[`${cell.client} over ${cell.upstream} in ${cell.mode}`] ?? {}).sort())
    },
    240_000,
  )

  it('the README says so', async () => {
    const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8')
    for (const client of revisions) {
      for (const upstream of revisions) {
        const numbers = modes.map((mode) => shown.get(`${client} ${upstream} ${mode}`))
        expect(readme).toContain(`| ${[client, upstream, ...numbers].join(' | ')} |`)
      }
    }
  })
})
