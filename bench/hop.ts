// What it costs that a request comes to another worker than the one that has its session: a small call over connections to that worker, and over
// connections to the other one, in interleaved rounds. Run: node bench/hop.ts [--rounds 5] [--no-build]. Prints a table of medians.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Client } from 'undici'
import { createProject } from '../test/harness/write-project.ts'
import { buildPackage } from './gateway.ts'
import { startMixedUpstream } from './mixed-project.ts'
import { cores, readCpuSeconds, SETTLE_MILLISECONDS, startProcess, stopProcess } from './processes.ts'
import { computeMedian, computeMedianRatio } from './statistics.ts'
import { findFreePort } from './variants.ts'

const milliseconds = 1_000
const callerCounts = [1, 16] as const
/** Which worker has the session: that of the connection, or the other one. */
const ways = ['own', 'other'] as const
type Way = (typeof ways)[number]

/** Microseconds per call: CPU of the worker that has the connection, CPU of the other one, and what half of the calls took at most. */
interface Sample {
  readonly receiving: number
  readonly other: number
  readonly p50: number
}

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, 'no-build': { type: 'boolean', default: false } },
})
const say = (line: string) => process.stderr.write(`${line}\n`)
const samples = new Map<string, Sample[]>()
const samplesOf = (way: Way, callers: number) => samples.get(`${way} ${callers}`) ?? []

/** One connection, with a session that the worker made to which the system gave the connection. */
class Caller {
  readonly #client: Client
  readonly #headers: Record<string, string>
  #connections = 0
  session = ''

  constructor(origin: string, key: string) {
    this.#client = new Client(origin, { keepAliveTimeout: 60_000 })
    this.#client.on('connect', () => void this.#connections++)
    this.#headers = {
      authorization: `Bearer ${key}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': '2025-11-25',
    }
  }

  /** The place of that worker. */
  get slot(): number {
    return Number(this.session.slice(0, this.session.indexOf('-')))
  }

  async begin(): Promise<void> {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'hop', version: '1' } }
    const { headers } = await this.#post({ id: 1, method: 'initialize', params })
    this.session = String(headers['mcp-session-id'])
    await this.#post({ method: 'notifications/initialized' }, this.session)
  }

  /** Calls in a session, its own or that of somebody else. Throws when the answer is wrong, or the connection another one. */
  async call(session: string): Promise<void> {
    const { text } = await this.#post(
      { id: 2, method: 'tools/call', params: { name: 'quick', arguments: {} } },
      session,
    )
    const { result } = JSON.parse(text) as { readonly result?: { readonly content?: readonly { text?: string }[] } }
    if (result?.content?.[0]?.text !== 'quick' || this.#connections !== 1) throw new Error(text)
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #post(message: object, session?: string) {
    const answer = await this.#client.request({
      method: 'POST',
      path: '/mcp/hop',
      headers: { ...this.#headers, ...(session !== undefined && { 'mcp-session-id': session }) },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) throw new Error(`${answer.statusCode}: ${text.slice(0, 300)}`)
    return { headers: answer.headers, text }
  }
}

await run()
process.exit()

async function run(): Promise<void> {
  if (!options['no-build']) buildPackage(say)
  const port = await findFreePort()
  const upstream = await startMixedUpstream()
  // A session of a client of 2025-11-25 in front of an upstream of 2026-07-28 is the gateway's own, and stays where it was made.
  const directory = await createProject({
    settings: { listen: { port }, publicUrl: 'https://gateway.example', workers: 2, telemetry: { logLevel: 'info' } },
    servers: { hop: { upstream: `http://127.0.0.1:${upstream.port}/modern`, inbound: ['keys'] } },
    policies: { keys: ['api-key-inbound', {}] },
  })
  const log = join(directory, 'gateway.log')
  const environment = { SALLYPORT_VAULT_KEYS: `k1:${randomBytes(32).toString('base64')}` }
  const program = findProgram()
  const gateway = startProcess(process.execPath, [program, 'start', directory], {
    core: cores.measured,
    output: openSync(log, 'a'),
    environment,
  })
  try {
    const pids = await waitForWorkers(log)
    const created = execFileSync(process.execPath, [program, 'keys', 'create', 'ada', directory, '--json'])
    const { key } = JSON.parse(created.toString()) as { key: string }
    const rounds = Number(options.rounds)
    // The first one warms up.
    for (let round = 0; round <= rounds; round++) {
      if (round === 1) samples.clear()
      say(round === 0 ? 'warming up' : `round ${round}/${rounds}`)
      for (const callers of callerCounts)
        for (const way of ways) await measure(way, callers, pids, () => new Caller(`http://127.0.0.1:${port}`, key))
    }
    report()
  } finally {
    await stopProcess(gateway)
    await upstream.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** What the launcher of the published package runs; the sources where nothing was built. */
function findProgram(): string {
  const built = join(import.meta.dirname, '../dist/main.js')
  return existsSync(built) ? built : join(import.meta.dirname, '../src/main.ts')
}

/** Process ids by place. */
async function waitForWorkers(log: string): Promise<readonly [number, number]> {
  for (let tries = 0; tries < 200; tries++) {
    const lines = readFileSync(log, 'utf8').split('\n')
    const serving = lines.filter((line) => line.includes('a worker serves')).map((line) => JSON.parse(line) as object)
    const pids = new Map(serving.map((line) => [Reflect.get(line, 'worker'), Number(Reflect.get(line, 'pid'))]))
    const [first, second] = [pids.get(0), pids.get(1)]
    if (first !== undefined && second !== undefined) return [first, second]
    await pause(100)
  }
  throw new Error(`the workers do not serve: ${readFileSync(log, 'utf8')}`)
}

/** Callers whose connections came to the first worker, and as many sessions of the second one. The system decides, so some are made in vain. */
async function openCallers(count: number, create: () => Caller): Promise<{ here: Caller[]; there: Caller[] }> {
  const [here, there]: [Caller[], Caller[]] = [[], []]
  for (let tries = 0; tries < 100 * count && (here.length < count || there.length < count); tries++) {
    const caller = create()
    await caller.begin()
    const side = caller.slot === 0 ? here : there
    if (side.length < count) side.push(caller)
    else await caller.close()
  }
  return { here, there }
}

async function measure(
  way: Way,
  callers: number,
  pids: readonly [number, number],
  create: () => Caller,
): Promise<void> {
  const { here, there } = await openCallers(callers, create)
  const takenMs: number[] = []
  const before = pids.map(readCpuSeconds)
  const startedAtMs = performance.now()
  await Promise.all(
    here.map(async (caller, index) => {
      const { session } = (way === 'own' ? caller : there[index]) ?? caller
      while (performance.now() - startedAtMs < milliseconds) {
        const beganAtMs = performance.now()
        await caller.call(session)
        takenMs.push(performance.now() - beganAtMs)
      }
    }),
  )
  await pause(SETTLE_MILLISECONDS)
  const [receiving = 0, other = 0] = pids.map(
    (pid, index) => ((readCpuSeconds(pid) - (before[index] ?? 0)) * 1e6) / takenMs.length,
  )
  const p50 = (computeMedian(takenMs) ?? 0) * 1000
  samples.set(`${way} ${callers}`, [...samplesOf(way, callers), { receiving, other, p50 }])
  await Promise.all([...here, ...there].map((caller) => caller.close()))
}

function report(): void {
  const heads = ['callers', 'session is with', 'CPU µs/call', 'of it, where it arrived', '× own', 'p50 µs', '× own']
  console.log([heads, heads.map(() => '---')].map((cells) => `| ${cells.join(' | ')} |`).join('\n'))
  for (const callers of callerCounts) {
    for (const way of ways) {
      const those = samplesOf(way, callers)
      const own = samplesOf('own', callers)
      const median = (of: (sample: Sample) => number) => computeMedian(those.map(of))?.toFixed(0)
      const ratio = (of: (sample: Sample) => number) =>
        computeMedianRatio(those.map((sample, round) => [of(sample), of(own[round] ?? sample)] as const))?.toFixed(2)
      const cpu = ({ receiving, other }: Sample) => receiving + other
      const p50 = (sample: Sample) => sample.p50
      const cells = [median(cpu), median(({ receiving }) => receiving), ratio(cpu), median(p50), ratio(p50)]
      const whose = way === 'own' ? 'the worker of the connection' : 'the other worker'
      console.log(`| ${[callers, whose, ...cells].join(' | ')} |`)
    }
  }
}
