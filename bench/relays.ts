// What it costs to translate: small calls and streams of three events through the gateway in each direction, in ratio to the relay of the same
// client era, in interleaved rounds. Run: node bench/relays.ts [--rounds 9] [--no-build]. Prints a table of medians.
import { openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createProject } from '../test/harness/write-project.ts'
import { buildPackage } from './gateway.ts'
import {
  type Direction,
  describeMixedProject,
  directions,
  signPeopleIn,
  startMixedUpstream,
  waitForGateway,
} from './mixed-project.ts'
import { cores, readCpuSeconds, SETTLE_MILLISECONDS, startProcess, stopProcess } from './processes.ts'
import { SoakClient } from './soak-load.ts'
import { computeMedian, computeMedianRatio } from './statistics.ts'
import { findFreePort } from './variants.ts'

const callers = 16
const milliseconds = 1_500
const kinds = ['quick', 'stream'] as const
type Kind = (typeof kinds)[number]

/** Microseconds of CPU of the gateway and of the caller's time, per call. */
interface Sample {
  readonly cpu: number
  readonly taken: number
}

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, 'no-build': { type: 'boolean', default: false } },
})
const say = (line: string) => process.stderr.write(`${line}\n`)
const samples = new Map<string, Sample[]>()
const samplesOf = (direction: Direction, kind: Kind) => samples.get(`${direction} ${kind}`) ?? []

await run()
process.exit()

async function run(): Promise<void> {
  if (!options['no-build']) buildPackage(say)
  const port = await findFreePort()
  const publicUrl = `http://127.0.0.1:${port}`
  const upstream = await startMixedUpstream()
  const settings = { listen: { port }, publicUrl, telemetry: { logEvents: 'problems' } }
  const directory = await createProject(describeMixedProject(upstream.port, settings))
  const program = [join(import.meta.dirname, 'serve-gateway.ts'), directory]
  const output = openSync(join(directory, 'gateway.log'), 'a')
  const gateway = startProcess(process.execPath, program, { core: cores.measured, output })
  try {
    await waitForGateway(publicUrl)
    const clients = await createClients(publicUrl)
    const rounds = Number(options.rounds)
    // The first one warms up.
    for (let round = 0; round <= rounds; round++) {
      if (round === 1) samples.clear()
      say(round === 0 ? 'warming up' : `round ${round}/${rounds}`)
      for (const kind of kinds) {
        for (const direction of directions)
          await measure(direction, kind, clients.get(direction) ?? [], gateway.pid ?? 0)
      }
    }
    report()
  } finally {
    await stopProcess(gateway)
    await upstream.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function createClients(publicUrl: string): Promise<Map<Direction, SoakClient[]>> {
  const clients = new Map<Direction, SoakClient[]>()
  for (const direction of directions) {
    const [token = ''] = await signPeopleIn(publicUrl, direction, 1)
    const url = `${publicUrl}/mcp/${direction}`
    const those = Array.from({ length: callers }, () => new SoakClient(url, token, direction.startsWith('2026')))
    for (const client of those) await client.begin()
    clients.set(direction, those)
  }
  return clients
}

async function measure(direction: Direction, kind: Kind, clients: readonly SoakClient[], pid: number): Promise<void> {
  const before = readCpuSeconds(pid)
  const startedAtMs = performance.now()
  let calls = 0
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() - startedAtMs < milliseconds) {
        await client.relay(kind)
        calls++
      }
    }),
  )
  const taken = ((performance.now() - startedAtMs) * 1000 * callers) / calls
  await pause(SETTLE_MILLISECONDS)
  const cpu = ((readCpuSeconds(pid) - before) * 1e6) / calls
  samples.set(`${direction} ${kind}`, [...samplesOf(direction, kind), { cpu, taken }])
}

function report(): void {
  console.log(
    '| | client → upstream | CPU µs/call | × same era | time µs/call | × same era |\n|---|---|---|---|---|---|',
  )
  for (const kind of kinds) {
    for (const direction of directions) {
      const same = samplesOf(direction.startsWith('2025') ? '2025-to-2025' : '2026-to-2026', kind)
      const those = samplesOf(direction, kind)
      const ratio = (of: (sample: Sample) => number) =>
        computeMedianRatio(those.map((sample, round) => [of(sample), of(same[round] ?? sample)] as const))?.toFixed(2)
      const median = (of: (sample: Sample) => number) => computeMedian(those.map(of))?.toFixed(0)
      const cpu = ({ cpu: each }: Sample) => each
      const taken = ({ taken: each }: Sample) => each
      const cells = [kind === 'quick' ? 'call' : 'stream', direction.replace('-to-', ' → '), median(cpu), ratio(cpu)]
      console.log(`| ${[...cells, median(taken), ratio(taken)].join(' | ')} |`)
    }
  }
}
