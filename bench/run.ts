import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { authorizationCases, measureAuthorization } from './authorization.ts'
import { type Case, cases, firstCall, UPSTREAM_KEY } from './cases.ts'
import { buildPackage, measureStart, prepareGateway, startGatewayVariant } from './gateway.ts'
import { measureRounds } from './measure-rounds.ts'
import { ensureNginx, startNginx } from './nginx.ts'
import { canPin, readCpuSeconds, SETTLE_MILLISECONDS, stopProcess } from './processes.ts'
import { type Program, prepareProgram, runLoad, startUpstream } from './programs.ts'
import { type CaseRounds, composeReport, type Report, renderMarkdown } from './report.ts'
import type { Round, Sample } from './statistics.ts'
import { findFreePort, prepareLoadFiles, type Variant, waitUntilAnswering } from './variants.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    cases: { type: 'string' },
    rounds: { type: 'string' },
    variants: { type: 'string', default: 'direct,nginx,gateway' },
    'no-build': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const help = `npm run bench -- [options]
  --quick           few short rounds: to see that it works, not to quote
  --rounds <n>      rounds per case (default 9, quick 2)
  --cases <a,b>     of ${[...cases, ...authorizationCases].map(({ name }) => name).join(', ')}, start
  --variants <a,b>  of direct, nginx, gateway
  --no-build        measure dist/ as it is, or the sources when there is none
See bench/README.md for how to read the result.`

const say = (line: string) => process.stderr.write(`${line}\n`)
const wants = (list: string | undefined, name: string) => list === undefined || list.split(',').includes(name)
const chosenCases = cases.filter(({ name }) => wants(options.cases, name))
const rounds = Number(options.rounds ?? (options.quick ? 2 : 9))

/** Starts everything that was asked for, each already answering correctly. */
async function startVariants(
  directory: string,
  upstreamPort: number,
  upstream: Variant['process'],
): Promise<Variant[]> {
  const direct: Variant = {
    name: 'direct',
    port: upstreamPort,
    process: upstream,
    headers: { 'X-Api-Key': UPSTREAM_KEY },
    curated: false,
  }
  const variants = [direct]
  if (wants(options.variants, 'nginx') && chosenCases.length > 0) {
    if (ensureNginx(say)) variants.push(await startNginxVariant(directory, upstreamPort))
    else say('!! nginx is not here and cannot be installed: SKIPPED, so there are no ratios to nginx')
  }
  if (wants(options.variants, 'gateway')) variants.push(await startGatewayVariant(directory, say))
  return variants
}

async function startNginxVariant(directory: string, upstreamPort: number): Promise<Variant> {
  const port = await findFreePort()
  const variant = {
    name: 'nginx' as const,
    port,
    process: startNginx(directory, port, upstreamPort),
    headers: {},
    curated: false,
  }
  await waitUntilAnswering(variant, firstCall)
  return variant
}

/** Puts load on one variant; the CPU time includes what the process still does right after the load. */
async function measureSample(load: Program, each: Case, variant: Variant, directory: string): Promise<Sample> {
  const files = await prepareLoadFiles(variant, each.call, directory)
  const target = { port: variant.port, concurrency: each.concurrency, ...files }
  await runLoad(load, { ...target, milliseconds: options.quick ? 200 : 300 })
  await pause(SETTLE_MILLISECONDS)
  const pid = variant.process.pid ?? 0
  const before = readCpuSeconds(pid)
  const result = await runLoad(load, { ...target, milliseconds: options.quick ? 1_000 : 2_500 })
  await pause(SETTLE_MILLISECONDS)
  const cpuSeconds = readCpuSeconds(pid) - before
  if (result.errors > 0) throw new Error(`${result.errors} wrong answers of ${variant.name}: ${result.firstError}`)
  return { completed: result.completed, seconds: result.seconds, p50: result.p50, p99: result.p99, cpuSeconds }
}

/** One round of one case over all variants, each round beginning with another one. An error voids the round. */
async function measureRound(
  load: Program,
  each: Case,
  variants: readonly Variant[],
  number: number,
  directory: string,
): Promise<Round> {
  const samples: Record<string, Sample> = {}
  for (let turn = 0; turn < variants.length; turn++) {
    const variant = variants[(turn + number) % variants.length]
    if (variant) samples[variant.name] = await measureSample(load, each, variant, directory)
  }
  return samples
}

/** Lets compilers and caches settle before anything counts. */
async function warmUp(load: Program, variants: readonly Variant[], directory: string): Promise<void> {
  for (const each of chosenCases) {
    for (const variant of variants) {
      const files = await prepareLoadFiles(variant, each.call, directory)
      const milliseconds = variant.name === 'gateway' ? 6_000 : 300
      await runLoad(load, { port: variant.port, concurrency: each.concurrency, milliseconds, ...files })
    }
  }
}

/** The authorization server by itself; a round before the first lets the compiler settle. */
async function measureAuthorizationServer(gateway: Variant): Promise<CaseRounds[]> {
  const chosen = authorizationCases.filter(({ name }) => wants(options.cases, name))
  const milliseconds = options.quick ? 1_000 : 2_500
  const measure = async (each: (typeof chosen)[number]) => {
    const operations = Math.floor(each.budget / (rounds + 1))
    return { gateway: await measureAuthorization(each, gateway, { milliseconds, operations }) }
  }
  if (chosen.length > 0) say('warming up the authorization server')
  for (const each of chosen) await measure(each).catch((error: unknown) => say(`!! ${each.name}: ${String(error)}`))
  return measureRounds(chosen, rounds, measure, say)
}

function writeReport(report: Report): void {
  const directory = join(import.meta.dirname, 'results')
  mkdirSync(directory, { recursive: true })
  const table = renderMarkdown(report)
  writeFileSync(join(directory, `${report.time.replaceAll(':', '-')}.json`), JSON.stringify(report, undefined, 1))
  writeFileSync(join(directory, 'latest.md'), table)
  process.stdout.write(`${table}\n`)
}

async function run(directory: string): Promise<number> {
  if (!canPin) say('!! one core or no taskset: processes are NOT pinned, the numbers are a rough guide')
  const measuresGateway = wants(options.variants, 'gateway')
  if (measuresGateway && !options['no-build']) buildPackage(say)
  const load = prepareProgram('load', directory, say)
  const upstream = await startUpstream(prepareProgram('upstream', directory, say), directory)
  if (measuresGateway) await prepareGateway(directory, upstream.port, say)
  const start =
    measuresGateway && wants(options.cases, 'start')
      ? await measureStart(directory, options.quick ? 3 : 7, say)
      : undefined
  const variants = await startVariants(directory, upstream.port, upstream.process)
  say('warming up')
  await warmUp(load, variants, directory)
  const measured = await measureRounds(
    chosenCases,
    rounds,
    (each, number) => measureRound(load, each, variants, number, directory),
    say,
  )
  const gateway = variants.find(({ name }) => name === 'gateway')
  const authorization = gateway ? await measureAuthorizationServer(gateway) : []
  await Promise.all(variants.map((variant) => stopProcess(variant.process)))
  writeReport(
    composeReport(
      measured,
      authorization,
      variants.map(({ name }) => name),
      start,
    ),
  )
  const succeeded = [...measured, ...authorization].every((each) =>
    each.rounds.some((round) => Object.keys(round).length > 0),
  )
  return succeeded ? 0 : 1
}

if (options.help) process.stdout.write(`${help}\n`)
else if (process.platform !== 'linux') {
  say('The benchmark reads /proc and pins processes: it runs on Linux only.')
  process.exitCode = 1
} else {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  try {
    process.exitCode = await run(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  process.exit()
}
