// What events add to the CPU of a call, in all threads: gateways as they are beside gateways that make none, in turns.
// Run: node bench/events.ts [--case call-32] [--gateways 4] [--rounds 30] [--no-build]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Case, cases } from './cases.ts'
import { buildPackage, prepareGateway, startGatewayVariant } from './gateway.ts'
import { canPin, readCpuSeconds, stopProcess } from './processes.ts'
import { type Program, prepareProgram, runLoad, startUpstream } from './programs.ts'
import { computeMedian } from './statistics.ts'
import { prepareLoadFiles, type Variant } from './variants.ts'

const { values: options } = parseArgs({
  options: {
    case: { type: 'string', default: 'call-32' },
    gateways: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '30' },
    'no-build': { type: 'boolean', default: false },
  },
})
const pairs = Number(options.gateways)
const rounds = Number(options.rounds)
const warmUpMs = 6000
/** Short, so that a pair meets the same noise of a shared machine. */
const turnMs = 700
const say = (line: string) => process.stderr.write(`${line}\n`)

/** One gateway. Compilers make of each process something slightly different, so there are several of either kind. */
interface Measured {
  readonly kind: 'with' | 'without'
  readonly variant: Variant
  readonly files: Awaited<ReturnType<typeof prepareLoadFiles>>
  readonly samples: { readonly cpuSeconds: number; readonly calls: number }[]
  /** When its CPU time was read last. What it does between its turns counts. */
  cpuSeconds: number
}

function findCase(name: string): Case {
  const found = cases.find((each) => each.name === name)
  if (found === undefined)
    throw new Error(`there is no case ${name}; there are ${cases.map((each) => each.name).join(', ')}`)
  return found
}

const measuredCase = findCase(options.case)

async function startGateway(kind: Measured['kind'], directory: string, upstreamPort: number): Promise<Measured> {
  const own = mkdtempSync(join(directory, `${kind}-`))
  await prepareGateway(own, upstreamPort, () => undefined)
  const flags = kind === 'without' ? ['--import', join(import.meta.dirname, 'without-events.ts')] : []
  const variant = await startGatewayVariant(own, say, flags)
  return { kind, variant, files: await prepareLoadFiles(variant, measuredCase.call, own), samples: [], cpuSeconds: 0 }
}

async function takeTurn(load: Program, gateway: Measured, milliseconds: number): Promise<void> {
  const { port, process: child } = gateway.variant
  const result = await runLoad(load, { port, concurrency: measuredCase.concurrency, milliseconds, ...gateway.files })
  if (result.errors > 0) throw new Error(`${result.errors} wrong answers: ${result.firstError}`)
  await pause(60)
  const now = readCpuSeconds(child.pid ?? 0)
  gateway.samples.push({ cpuSeconds: now - gateway.cpuSeconds, calls: result.completed })
  gateway.cpuSeconds = now
}

/** µs of CPU for each call of these samples. */
function computePerCall(samples: Measured['samples']): number {
  const cpuSeconds = samples.reduce((sum, each) => sum + each.cpuSeconds, 0)
  return (cpuSeconds * 1e6) / samples.reduce((sum, each) => sum + each.calls, 0)
}

function describe(gateways: readonly Measured[]): string {
  const ofKind = (kind: Measured['kind']) => gateways.filter((each) => each.kind === kind)
  const line = (kind: Measured['kind']) => {
    const each = ofKind(kind).map(({ samples }) => computePerCall(samples).toFixed(1))
    return `| ${kind} events | ${total(kind).toFixed(1)} | ${each.join(', ')} |`
  }
  const total = (kind: Measured['kind']) => computePerCall(ofKind(kind).flatMap(({ samples }) => samples))
  const ofRound = (kind: Measured['kind'], round: number) =>
    computePerCall(ofKind(kind).flatMap(({ samples }) => samples[round] ?? []))
  const ratios = Array.from({ length: rounds }, (_, round) => ofRound('with', round) / ofRound('without', round))
  const percent = (ratio: number) => `${((ratio - 1) * 100).toFixed(1)} %`
  return [
    '| | µs of CPU per call | each gateway |',
    '|---|---|---|',
    line('without'),
    line('with'),
    '',
    `${measuredCase.name}: events add ${percent(total('with') / total('without'))} (median of the rounds ${percent(computeMedian(ratios) ?? Number.NaN)}).`,
    '',
  ].join('\n')
}

async function run(directory: string): Promise<void> {
  if (!canPin) say('!! one core or no taskset: processes are NOT pinned, the numbers are a rough guide')
  if (!options['no-build']) buildPackage(say)
  const load = prepareProgram('load', directory, say)
  const upstream = await startUpstream(prepareProgram('upstream', directory, say), directory)
  const gateways: Measured[] = []
  for (let pair = 0; pair < pairs; pair++) {
    for (const kind of ['without', 'with'] as const) {
      gateways.push(await startGateway(kind, directory, upstream.port))
      say(`gateway ${gateways.length}/${pairs * 2} started`)
    }
  }
  for (const gateway of gateways) await takeTurn(load, gateway, warmUpMs)
  for (const { samples } of gateways) samples.length = 0
  for (let round = 0; round < rounds; round++) {
    for (const gateway of gateways) await takeTurn(load, gateway, turnMs)
    say(`round ${round + 1}/${rounds}`)
  }
  const table = describe(gateways)
  const results = join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  writeFileSync(join(results, `events-${measuredCase.name}.md`), table)
  process.stdout.write(table)
  await Promise.all([...gateways.map(({ variant }) => stopProcess(variant.process)), stopProcess(upstream.process)])
}

const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-events-'))
try {
  await run(directory)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exit()
