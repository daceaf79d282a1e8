// Whether anything grows: mixed load of both eras in all four directions for some minutes (lists, calls, streams, cancelled calls, questions,
// subscriptions, sessions that begin and end, reloads), and twice a minute, when nothing runs, what the gateway holds after a collection of garbage.
// Verdict: no growth after the warm-up, and no wrong answer. Run: node bench/soak.ts [--minutes 10]
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Gauges, type WatchedGateway, watchGateway } from '../test/harness/watch-gateway.ts'
import {
  describeMixedProject,
  directions,
  type MixedUpstream,
  signPeopleIn,
  startMixedUpstream,
} from './mixed-project.ts'
import { operations, SoakClient } from './soak-load.ts'
import { computeSlope } from './statistics.ts'

const people = 3
const measureEveryMs = 30_000
/** Seldom: a reload throws away what belongs to the configuration, and with it what may have grown. */
const reloadEveryMs = 60_000
/** Between two things that a client does. */
const thinkMs = 20
const notifyEveryMs = 2_000
/** Connections that nobody uses are closed by then, on both sides of the gateway. */
const settleMs = 6_000
/** Caches fill, code is compiled. */
const warmUpShare = 0.3
const mebibyte = 1024 * 1024

const { values: options } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
const say = (line: string) => process.stderr.write(`${line}\n`)

interface Sample extends Gauges {
  readonly minute: number
  /** Open sessions at the upstream. */
  readonly sessions: number
  readonly streams: number
}

/** What is judged: growth over the run by a line fitted through the samples after the warm-up. */
interface Judged {
  readonly what: string
  readonly of: (sample: Sample) => number
  /** Most growth that counts as none; a share of the first value, or an absolute number. */
  readonly most: (first: number) => number
}

/** Sessions that the gateway keeps for clients of 2026-07-28, one for each person, come and go with their streams: that is no growth. */
const judged: readonly Judged[] = [
  {
    what: 'heap after garbage collection, MiB',
    of: ({ heapBytes }) => heapBytes / mebibyte,
    most: (first) => first * 0.05,
  },
  { what: 'resident memory, MiB', of: ({ residentBytes }) => residentBytes / mebibyte, most: (first) => first * 0.1 },
  { what: 'open sockets', of: ({ sockets }) => sockets, most: () => people },
  { what: 'handles', of: ({ handles }) => handles, most: () => people },
  { what: 'sessions upstream', of: ({ sessions }) => sessions, most: () => people },
  { what: 'streams upstream', of: ({ streams }) => streams, most: () => people },
]

const counts = new Map<string, number>()
const failures = new Map<string, number>()
const load = { isPaused: false, isOver: false, running: 0 }

process.exitCode = await run()
process.exit()

async function run(): Promise<number> {
  const upstream = await startMixedUpstream()
  const project = describeMixedProject(upstream.port, { limits: { drainSeconds: 2 } })
  const gateway = await watchGateway(project)
  try {
    const clients = await createClients(gateway.publicUrl)
    const loops = clients.map((client, index) => use(client, index))
    const samples = await watch(gateway, upstream, clients, () => gateway.reload(project))
    Object.assign(load, { isOver: true, isPaused: false })
    await Promise.all(loops)
    return report(samples)
  } finally {
    await gateway.close()
    await upstream.close()
  }
}

async function createClients(publicUrl: string): Promise<SoakClient[]> {
  const clients: SoakClient[] = []
  for (const direction of directions) {
    for (const token of await signPeopleIn(publicUrl, direction, people)) {
      clients.push(new SoakClient(`${publicUrl}/mcp/${direction}`, token, direction.startsWith('2026')))
    }
  }
  for (const client of clients) await client.begin()
  return clients
}

/** Does one thing after the other, each client in another order. */
async function use(client: SoakClient, offset: number): Promise<void> {
  for (let turn = offset; !load.isOver; turn = (turn * 7 + 3) % 1_009) {
    const operation = operations[turn % operations.length] ?? 'call'
    if (load.isPaused) {
      await pause(50)
      continue
    }
    load.running++
    try {
      await client.operations[operation]()
      counts.set(operation, (counts.get(operation) ?? 0) + 1)
    } catch (error) {
      const what = `${operation}: ${String(error)
        .replaceAll(/[0-9a-f-]{32,}/g, '…')
        .slice(0, 300)}`
      if (!failures.has(what)) say(`!! ${what}`)
      failures.set(what, (failures.get(what) ?? 0) + 1)
      await client.begin().catch(() => undefined)
    }
    load.running--
    await pause(thinkMs)
  }
}

/** Reloads and notifies while the load runs, stops it twice a minute to measure. */
async function watch(
  gateway: WatchedGateway,
  upstream: MixedUpstream,
  clients: readonly SoakClient[],
  reload: () => Promise<{ readonly ok: boolean }>,
): Promise<Sample[]> {
  const startedAtMs = performance.now()
  const elapsedMs = () => performance.now() - startedAtMs
  const samples: Sample[] = []
  let reloadAtMs = reloadEveryMs
  let measureAtMs = measureEveryMs
  while (elapsedMs() < Number(options.minutes) * 60_000) {
    await pause(notifyEveryMs)
    await upstream.ask('notify')
    if (elapsedMs() > reloadAtMs) {
      reloadAtMs = elapsedMs() + reloadEveryMs
      if (!(await reload()).ok) throw new Error('the project could not be reloaded')
    }
    if (elapsedMs() < measureAtMs) continue
    const sample = await measure(gateway, upstream, clients, elapsedMs() / 60_000)
    measureAtMs = elapsedMs() + measureEveryMs
    samples.push(sample)
    say(
      `${sample.minute.toFixed(1)} min: ${judged.map(({ what, of }) => `${what} ${of(sample).toFixed(1)}`).join(', ')}`,
    )
  }
  return samples
}

async function measure(
  gateway: WatchedGateway,
  upstream: MixedUpstream,
  clients: readonly SoakClient[],
  minute: number,
): Promise<Sample> {
  load.isPaused = true
  while (load.running > 0) await pause(20)
  for (const client of clients) await client.end()
  await pause(settleMs)
  const gauges = await gateway.measure()
  const { sessions, legacyStreams, modernStreams } = await upstream.ask('count')
  for (const client of clients) await client.begin()
  load.isPaused = false
  return { ...gauges, minute, sessions, streams: legacyStreams + modernStreams }
}

function report(samples: readonly Sample[]): number {
  const counted = samples.slice(Math.floor(samples.length * warmUpShare))
  const spanMinutes = (counted.at(-1)?.minute ?? 0) - (counted[0]?.minute ?? 0)
  let isMet = failures.size === 0 && counted.length >= 3
  const rows = judged.map(({ what, of, most }) => {
    const values = counted.map(of)
    const first = values[0] ?? 0
    const growth = computeSlope(counted.map((sample) => [sample.minute, of(sample)] as const)) * spanMinutes
    const isGrowing = growth > most(first)
    if (isGrowing) isMet = false
    const cells = [what, first, values.at(-1) ?? 0, Math.min(...values), Math.max(...values), growth, most(first)]
    const shown = cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(1) : cell))
    return `| ${shown.join(' | ')} | ${isGrowing ? '**grows**' : 'no growth'} |`
  })
  const done = [...counts].map(([operation, count]) => `${count} × ${operation}`).join(', ')
  const failed = [...failures].map(([what, count]) => `- ${count} × ${what}`)
  const lines = [
    `# Soak of ${options.minutes} minutes, ${new Date().toISOString()}`,
    '',
    `${people} people in each of ${directions.join(', ')}; Node ${process.version}; a reload every ${reloadEveryMs / 1000} s. Done: ${done}.`,
    '',
    `Measured when nothing ran, ${samples.length} times; judged are the last ${counted.length}, over ${spanMinutes.toFixed(1)} minutes.`,
    '',
    '| | first | last | lowest | highest | growth by the fitted line | at most | |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    failed.length === 0 ? 'No wrong answer.' : 'Wrong answers:',
    ...failed,
    '',
    isMet ? 'Met.' : '**Missed.**',
    '',
  ]
  const results = join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  writeFileSync(join(results, 'soak.md'), lines.join('\n'))
  writeFileSync(join(results, 'soak.json'), JSON.stringify(samples, undefined, 1))
  process.stdout.write(lines.join('\n'))
  return isMet ? 0 : 1
}
