import { availableParallelism, cpus } from 'node:os'
import { canPin } from './processes.ts'
import {
  callsPerSecond,
  computeMedian,
  computeMedianRatio,
  type Round,
  type Summary,
  summarizeVariant,
} from './statistics.ts'

/** Every sample of every round of one case, and what was wrong in the rounds that do not count. */
export interface CaseRounds {
  readonly case: { readonly name: string }
  readonly rounds: readonly Round[]
  readonly voided: readonly string[]
}

/** Start-up and memory of the gateway. */
export interface Start {
  readonly milliseconds: readonly number[]
  readonly residentMebibytes: readonly number[]
}

/** What one run measured, as written to JSON. */
export interface Report {
  readonly time: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly pinned: boolean; readonly node: string }
  readonly variants: readonly string[]
  readonly cases: readonly CaseReport[]
  /** Cases of the authorization server; their only variant is the gateway, their calls are whole operations. */
  readonly authorization: readonly CaseReport[]
  readonly start: Start | undefined
  readonly targets: readonly Target[]
}

interface CaseReport {
  readonly name: string
  readonly voided: readonly string[]
  readonly rounds: readonly Round[]
  readonly summary: { readonly [variant: string]: Summary }
}

interface Target {
  readonly what: string
  readonly limit: number
  readonly atMost: boolean
  readonly value: number | undefined
}

/** Puts samples and their summary into one record. */
export function composeReport(
  measured: readonly CaseRounds[],
  authorization: readonly CaseRounds[],
  variants: readonly string[],
  start: Start | undefined,
): Report {
  return {
    time: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      pinned: canPin,
      node: process.version,
    },
    variants,
    cases: measured.map((each) => composeCase(each, variants)),
    authorization: authorization.map((each) => composeCase(each, ['gateway'])),
    start,
    targets: composeTargets(measured, start),
  }
}

function composeCase({ case: { name }, rounds, voided }: CaseRounds, variants: readonly string[]): CaseReport {
  const summary = Object.fromEntries(variants.map((variant) => [variant, summarizeVariant(rounds, variant)]))
  return { name, voided, rounds, summary }
}

function composeTargets(measured: readonly CaseRounds[], start: Start | undefined): Target[] {
  const roundsOf = (name: string) => measured.find((each) => each.case.name === name)?.rounds ?? []
  const gateway = (name: string) => summarizeVariant(roundsOf(name), 'gateway')
  const list = roundsOf('list-32')
  const listToCall = roundsOf('call-32').flatMap(({ gateway: call }, index) => {
    const listed = list[index]?.['gateway']
    return call && listed ? [[callsPerSecond(listed), callsPerSecond(call)] as const] : []
  })
  return [
    { what: 'CPU per small call, × nginx (c = 32)', limit: 4, atMost: true, value: gateway('call-32').toNginx.cpu },
    {
      what: 'added p50 at concurrency 1, × nginx',
      limit: 2.5,
      atMost: true,
      value: gateway('call-1').toNginx.addedP50,
    },
    {
      what: 'curated list, × throughput of the small call',
      limit: 0.5,
      atMost: false,
      value: computeMedianRatio(listToCall),
    },
    {
      what: 'start to first answered call, ms',
      limit: 1500,
      atMost: true,
      value: computeMedian(start?.milliseconds ?? []),
    },
    {
      what: 'idle resident memory, MiB',
      limit: 120,
      atMost: true,
      value: computeMedian(start?.residentMebibytes ?? []),
    },
  ]
}

const show = (value: number | undefined, digits = 1) => (value === undefined ? '–' : value.toFixed(digits))
const showRow = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

/** The report for people: targets first, then one row per case and variant. */
export function renderMarkdown(report: Report): string {
  const { cpu, cores, pinned, node } = report.machine
  return [
    `# Benchmark of ${report.time}`,
    '',
    `${cpu}, ${cores} cores${pinned ? ', pinned' : ', NOT pinned: a rough guide only'}, Node ${node}. Compare ratios, not absolute numbers.`,
    '',
    showRow(['target', 'limit', 'measured', '']),
    '|---|---|---|---|',
    ...report.targets.map(renderTarget),
    '',
    ...renderCalls(report.cases),
    ...renderAuthorization(report.authorization),
    ...[...report.cases, ...report.authorization].flatMap(({ name, voided }) =>
      voided.map((why) => `Void round of ${name}: ${why}`),
    ),
  ].join('\n')
}

function renderCalls(cases: readonly CaseReport[]): string[] {
  if (cases.length === 0) return []
  const heads = ['case', 'variant', 'rounds', 'CPU µs/call', 'calls/s', 'p50 µs', 'p99 µs', 'added p50', 'added p99']
  const ratios = ['CPU × nginx', 'lowest–highest', 'calls/s × nginx', 'added p50 × nginx', 'added p99 × nginx']
  const rows = cases.flatMap(({ name, summary }) =>
    Object.entries(summary).map(([variant, each]) => renderSummary(name, variant, each)),
  )
  return [showRow([...heads, ...ratios]), `|${'---|'.repeat(heads.length + ratios.length)}`, ...rows, '']
}

function renderAuthorization(cases: readonly CaseReport[]): string[] {
  if (cases.length === 0) return []
  const milliseconds = (microseconds: number | undefined) =>
    show(microseconds === undefined ? undefined : microseconds / 1_000, 2)
  const rows = cases.map(({ name, summary: { gateway } }) => {
    const times = [gateway?.cpuMicrosecondsPerCall, gateway?.p50, gateway?.p99].map(milliseconds)
    return showRow([name, String(gateway?.rounds ?? 0), show(gateway?.callsPerSecond, 0), ...times])
  })
  const heads = ['authorization server', 'rounds', 'operations/s', 'CPU ms/operation', 'p50 ms', 'p99 ms']
  return [showRow(heads), `|${'---|'.repeat(heads.length)}`, ...rows, '']
}

function renderTarget({ what, limit, atMost, value }: Target): string {
  const met = value !== undefined && (atMost ? value <= limit : value >= limit)
  const verdict = value === undefined ? 'not measured' : met ? 'met' : '**missed**'
  return showRow([what, `${atMost ? '≤' : '≥'} ${limit}`, show(value, 2), verdict])
}

function renderSummary(name: string, variant: string, summary: Summary): string {
  const { toNginx } = summary
  return showRow([
    name,
    variant,
    String(summary.rounds),
    show(summary.cpuMicrosecondsPerCall),
    show(summary.callsPerSecond, 0),
    show(summary.p50),
    show(summary.p99),
    show(summary.addedP50),
    show(summary.addedP99),
    show(toNginx.cpu, 2),
    toNginx.cpuRange.map((ratio) => show(ratio, 2)).join('–') || '–',
    ...[toNginx.throughput, toNginx.addedP50, toNginx.addedP99].map((ratio) => show(ratio, 2)),
  ])
}
