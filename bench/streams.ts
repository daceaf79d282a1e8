// How much memory open streams take: 5,000 of them through one gateway process with sign-in, a quarter for each pair of revisions, kept open and
// told things. Verdict: resident memory at most 400 MiB, and every stream has received everything exactly once.
// Run: node bench/streams.ts [--streams 5000] [--seconds 40] [--directions 2025-to-2026,…] [--no-build]
import { execFileSync } from 'node:child_process'
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createProject } from '../test/harness/write-project.ts'
import { buildPackage } from './gateway.ts'
import {
  directions as allDirections,
  type Direction,
  describeMixedProject,
  type MixedUpstream,
  signPeopleIn,
  startMixedUpstream,
  waitForGateway,
} from './mixed-project.ts'
import { type OpenStream, openBenchStream } from './open-stream.ts'
import { readResidentMebibytes, startProcess, stopProcess } from './processes.ts'
import { findFreePort } from './variants.ts'

const limitMebibytes = 400
const streamsPerPerson = 60
const openAtOnce = 64
/** The gateway says something on its own to a stream that is silent this long. */
const keepAliveSeconds = 15

const { values: options } = parseArgs({
  options: {
    streams: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '40' },
    directions: { type: 'string', default: allDirections.join(',') },
    'no-build': { type: 'boolean', default: false },
  },
})
const wanted = Number(options.streams)
const directions = allDirections.filter((each) => options.directions.split(',').includes(each))
const say = (line: string) => process.stderr.write(`${line}\n`)

interface Measured {
  readonly streams: number
  readonly idleMebibytes: number
  readonly openMebibytes: number
  readonly highestMebibytes: number
  readonly rounds: number
  /** Streams that got too little or too much. */
  readonly wrong: number
  /** From the first byte of a round at the upstream to the last one at a client. Milliseconds. */
  readonly slowestRoundMs: number
  readonly streamsWithoutComment: number
}

process.exitCode = await run()
process.exit()

async function run(): Promise<number> {
  const enough = 2 * wanted + 200
  const allowed = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  if (allowed !== 'unlimited' && Number(allowed) < enough) {
    say(
      `${wanted} streams take ${enough} open files in the gateway (a stream has two ends), and this system allows ${allowed}.`,
    )
    say(`Raise the limit (ulimit -Hn ${enough}, or LimitNOFILE of the unit), or ask for fewer with --streams.`)
    return 1
  }
  if (!options['no-build']) buildPackage(say)
  const port = await findFreePort()
  const publicUrl = `http://127.0.0.1:${port}`
  const upstream = await startMixedUpstream()
  const directory = await createProject(
    describeMixedProject(upstream.port, { listen: { port }, publicUrl, telemetry: { logEvents: 'problems' } }),
  )
  const log = join(directory, 'gateway.log')
  const program = [join(import.meta.dirname, 'serve-gateway.ts'), directory]
  const gateway = startProcess(process.execPath, program, { output: openSync(log, 'a') })
  try {
    await waitForGateway(publicUrl)
    return report(await measure(publicUrl, gateway.pid ?? 0, upstream))
  } catch (error) {
    say(readFileSync(log, 'utf8').slice(-3_000))
    throw error
  } finally {
    await stopProcess(gateway)
    await upstream.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function measure(publicUrl: string, pid: number, upstream: MixedUpstream): Promise<Measured> {
  const streams: OpenStream[] = []
  const idle: number[] = []
  for (const direction of directions) {
    const share = Math.ceil(wanted / directions.length)
    const tokens = await signPeopleIn(publicUrl, direction, Math.ceil(share / streamsPerPerson))
    idle.push(readResidentMebibytes(pid))
    say(`opening ${share} streams ${direction}`)
    await openMany(streams, share, `${publicUrl}/mcp/${direction}`, direction, tokens)
  }
  await waitUntilSubscribed(upstream, streams)
  const open = readResidentMebibytes(pid)
  let highest = open
  const until = performance.now() + Number(options.seconds) * 1000
  let rounds = 0
  let slowestRoundMs = 0
  while (performance.now() < until) {
    const startedAtMs = performance.now()
    rounds++
    await upstream.ask('notify')
    await waitUntilTold(streams, rounds)
    slowestRoundMs = Math.max(slowestRoundMs, performance.now() - startedAtMs)
    highest = Math.max(highest, readResidentMebibytes(pid))
    say(`round ${rounds}: all told after ${(performance.now() - startedAtMs).toFixed(0)} ms, ${highest.toFixed(0)} MiB`)
    await pause(rounds === 1 ? (keepAliveSeconds + 2) * 1000 : 2_000)
  }
  const wrong = streams.filter(({ told }) => told !== rounds).length
  const streamsWithoutComment = streams.filter(({ comments }) => comments === 0).length
  for (const stream of streams) stream.close()
  return {
    streams: streams.length,
    idleMebibytes: idle[0] ?? 0,
    openMebibytes: open,
    highestMebibytes: highest,
    rounds,
    wrong,
    slowestRoundMs,
    streamsWithoutComment,
  }
}

async function openMany(
  streams: OpenStream[],
  count: number,
  url: string,
  direction: Direction,
  tokens: readonly string[],
): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) {
      const index = next++
      streams.push(await openBenchStream(url, tokens[index % tokens.length] ?? '', direction.startsWith('2026')))
    }
  }
  await Promise.all(Array.from({ length: openAtOnce }, worker))
}

/** A stream of a session is open before the subscription that feeds it. */
async function waitUntilSubscribed(upstream: MixedUpstream, streams: readonly OpenStream[]): Promise<void> {
  const share = streams.length / directions.length
  const newer = share * directions.filter((each) => each.endsWith('2026')).length
  const older = directions.includes('2025-to-2025') ? share : 0
  // Clients of 2026-07-28 share the stream of their person's session.
  const shared = directions.includes('2026-to-2025') ? 1 : 0
  for (let tries = 0; tries < 600; tries++) {
    const { legacyStreams, modernStreams } = await upstream.ask('count')
    if (modernStreams >= newer && legacyStreams >= older + shared) return
    await pause(50)
  }
  throw new Error('the upstream does not see all streams')
}

async function waitUntilTold(streams: readonly OpenStream[], rounds: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (streams.every(({ told }) => told >= rounds)) return
    await pause(20)
  }
}

function report(measured: Measured): number {
  const { streams, idleMebibytes, openMebibytes, highestMebibytes, rounds, wrong, slowestRoundMs } = measured
  const isMet = highestMebibytes <= limitMebibytes && wrong === 0 && measured.streamsWithoutComment === 0
  const kib = ((openMebibytes - idleMebibytes) * 1024) / streams
  const lines = [
    `# ${streams} open streams, ${new Date().toISOString()}`,
    '',
    `One gateway process, Node ${process.version}, sign-in on; as many of each: ${directions.join(', ')}.`,
    '',
    '| | limit | measured |',
    '|---|---|---|',
    `| resident memory at most, MiB | ≤ ${limitMebibytes} | ${highestMebibytes.toFixed(0)} |`,
    `| streams that did not get all ${rounds} notifications exactly once | 0 | ${wrong} |`,
    `| streams without a keep-alive comment in ${keepAliveSeconds} silent seconds | 0 | ${measured.streamsWithoutComment} |`,
    `| before the first stream, MiB | – | ${idleMebibytes.toFixed(0)} |`,
    `| with all streams open, MiB | – | ${openMebibytes.toFixed(0)} |`,
    `| of that per stream, KiB | – | ${kib.toFixed(1)} |`,
    `| slowest round of notifications to all of them, ms | – | ${slowestRoundMs.toFixed(0)} |`,
    '',
    isMet ? 'Met.' : '**Missed.**',
    '',
  ]
  const results = join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  writeFileSync(join(results, 'streams.md'), lines.join('\n'))
  process.stdout.write(lines.join('\n'))
  return isMet ? 0 : 1
}
