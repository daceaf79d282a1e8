import type { ReasonCode } from '../../../src/errors/reasons.ts'
import type { ChaosCall, ChaosEra, ChaosUpstream } from './chaos-upstream.ts'

/** Which revision the client speaks, and which the upstream. */
export type Pair = `${ChaosEra} > ${ChaosEra}`
export const pairs: readonly Pair[] = ['2025 > 2025', '2026 > 2026', '2025 > 2026', '2026 > 2025']

/** What the client must get: the text of the answer, or an error, with the HTTP status or at the end of a stream. */
export type Expected =
  | { readonly text: string }
  | { readonly reason: ReasonCode; readonly status: number | 'in the stream' }

/** Limits of the gateway under test, in seconds and bytes. */
export const limits = {
  upstreamConnectSeconds: 1,
  upstreamFirstByteSeconds: 1.5,
  upstreamIdleSeconds: 1,
  upstreamTotalSeconds: 3,
  sseEventBytes: 64 * 1024,
  responseBytes: 256 * 1024,
}
export type TimeLimit = Extract<keyof typeof limits, `${string}Seconds`>

/** One way in which an upstream or the network to it fails while a tool is called. */
export interface Fault {
  readonly name: string
  /** What happens, for the published table. */
  readonly what: string
  /** Which limit ends it; absent: the answer comes at once. */
  readonly limit?: TimeLimit
  /** How long the upstream itself takes. Milliseconds. */
  readonly takesMs?: number
  /** What the upstream does with the call. Absent: the right thing, if it gets there. */
  readonly act?: (call: ChaosCall) => void
  /** Happens before the call, and is undone after it. */
  readonly strike?: (upstream: ChaosUpstream) => void | Promise<void>
  /** Pairs for which the fault does not exist are left out. */
  readonly answer: Expected | { readonly [pair in Pair]?: Expected }
  /** How often the tool begins to run. Default: 1. */
  readonly runs?: 0 | 1 | { readonly [pair in Pair]?: 0 | 1 }
}

const json = { 'content-type': 'application/json' }
const events = { 'content-type': 'text/event-stream' }
const note = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x'.repeat(8_000) } }
const noteEvent = `data: ${JSON.stringify(note)}\n\n`

/** Goes on for as long as the connection lives. */
function repeat({ response }: ChaosCall, everyMs: number, send: () => void): void {
  const timer = setInterval(() => {
    if (response.writableNeedDrain) return
    send()
  }, everyMs)
  response.once('close', () => clearInterval(timer))
}

const resetBeforeAnswer = ({ response }: ChaosCall) => void response.socket?.resetAndDestroy()
const failed = (reason: ReasonCode, status: number | 'in the stream' = 502): Expected => ({ reason, status })

export const faults: readonly Fault[] = [
  {
    name: 'latency',
    what: 'The answer comes late, but within the limits.',
    takesMs: 800,
    act: (call) => void setTimeout(() => call.answer('late'), 800),
    answer: { text: 'late' },
  },
  {
    name: 'refused connection',
    what: 'Nothing listens: the upstream is down.',
    strike: (upstream) => upstream.stop(),
    answer: failed('upstream_unreachable'),
    runs: 0,
  },
  {
    name: 'black hole on connect',
    what: 'The network swallows the connection attempt.',
    limit: 'upstreamConnectSeconds',
    strike: (upstream) => upstream.goDark(),
    answer: failed('upstream_timeout', 504),
    runs: 0,
  },
  {
    name: 'black hole before the first byte',
    what: 'The upstream takes the call and says nothing.',
    limit: 'upstreamFirstByteSeconds',
    act: () => undefined,
    answer: failed('upstream_timeout', 504),
  },
  {
    name: 'black hole within JSON',
    what: 'Headers and half of the answer come, then nothing.',
    limit: 'upstreamIdleSeconds',
    act: ({ response, message }) => void response.writeHead(200, json).write(message('x').slice(0, 20)),
    answer: failed('upstream_timeout', 504),
  },
  {
    name: 'black hole within a stream',
    what: 'One event comes, then nothing.',
    limit: 'upstreamIdleSeconds',
    act: ({ response }) => void response.writeHead(200, events).write(noteEvent),
    answer: failed('upstream_timeout', 'in the stream'),
  },
  {
    name: 'reset before the headers',
    what: 'The connection is reset (RST) once the call has arrived.',
    act: resetBeforeAnswer,
    answer: failed('upstream_unreachable'),
  },
  {
    name: 'reset after the headers',
    what: 'The connection is reset between headers and body.',
    act: (call) => {
      call.response.writeHead(200, { ...json, 'content-length': 1_000 }).flushHeaders()
      setTimeout(() => resetBeforeAnswer(call), 50)
    },
    answer: failed('upstream_disconnected'),
  },
  {
    name: 'cut within JSON',
    what: 'The connection closes in the middle of the answer.',
    act: ({ response, message }) => {
      response.writeHead(200, { ...json, 'content-length': 1_000 })
      response.write(message('x').slice(0, 20), () => response.socket?.end())
    },
    answer: failed('upstream_disconnected'),
  },
  {
    name: 'cut within an event',
    what: 'The connection closes in the middle of the event that carries the answer.',
    act: ({ response, message }) => {
      response.writeHead(200, events)
      response.write(`${noteEvent}data: ${message('x').slice(0, 20)}`, () => response.socket?.end())
    },
    answer: failed('upstream_disconnected', 'in the stream'),
  },
  {
    name: 'end without an answer',
    what: 'The stream ends in order, and the answer was not in it.',
    act: ({ response }) => void response.writeHead(200, events).end(noteEvent),
    answer: failed('upstream_disconnected', 'in the stream'),
  },
  {
    name: 'slow drip',
    what: 'The answer comes byte by byte, never slow enough for the idle limit.',
    limit: 'upstreamTotalSeconds',
    act: (call) => {
      call.response.writeHead(200, json)
      repeat(call, 100, () => call.response.write(' '))
    },
    answer: failed('upstream_timeout', 504),
  },
  {
    name: 'endless stream',
    what: 'Notifications without end, and never an answer.',
    limit: 'upstreamTotalSeconds',
    act: (call) => {
      call.response.writeHead(200, events)
      repeat(call, 5, () => call.response.write(noteEvent))
    },
    answer: failed('upstream_timeout', 'in the stream'),
  },
  {
    name: 'oversized event',
    what: 'One event is larger than `limits.sseEventBytes`.',
    act: (call) => {
      call.response.writeHead(200, events)
      call.response.end(`data: ${call.message('x'.repeat(limits.sseEventBytes))}\n\n`)
    },
    answer: failed('limit_response_exceeded', 'in the stream'),
  },
  {
    name: 'oversized JSON',
    what: 'The answer is larger than `limits.responseBytes`.',
    act: (call) => call.answer('x'.repeat(limits.responseBytes)),
    answer: failed('limit_response_exceeded'),
  },
  {
    name: 'garbage instead of HTTP',
    what: 'The bytes of the answer are not HTTP.',
    act: ({ response }) => void response.socket?.end('\x00\x01\x02 nonsense \xff\r\n\r\n'),
    answer: failed('upstream_protocol_error'),
  },
  {
    name: 'garbage instead of JSON',
    what: 'The body says that it is JSON and is not.',
    act: ({ response }) => void response.writeHead(200, json).end('{"jsonrpc":\x00\xff'),
    answer: failed('upstream_protocol_error'),
  },
  {
    name: 'garbage in an event',
    what: 'The data of an event is not JSON.',
    act: ({ response }) => void response.writeHead(200, events).end('data: {"result" \x00\xff\n\n'),
    answer: failed('upstream_protocol_error', 'in the stream'),
  },
  {
    name: 'web page',
    what: 'A captive portal or a proxy answers 200 with HTML.',
    act: ({ response }) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>'),
    answer: failed('upstream_protocol_error'),
  },
  {
    name: 'server error',
    what: 'The upstream answers 500 with a text.',
    act: ({ response }) => void response.writeHead(500, { 'content-type': 'text/plain' }).end('oops'),
    answer: failed('upstream_refused'),
  },
  {
    name: 'session forgotten',
    what: 'The upstream answers 404: it does not know the session any more.',
    strike: (upstream) => upstream.forget(),
    answer: { '2025 > 2025': failed('session_unknown', 404), '2026 > 2025': { text: 'fine' } },
    runs: { '2025 > 2025': 0 },
  },
  {
    name: 'restart',
    what: 'The upstream was restarted between two calls: its connections and sessions are gone.',
    strike: async (upstream) => {
      await upstream.stop()
      await upstream.start()
    },
    answer: {
      '2025 > 2025': failed('session_unknown', 404),
      '2026 > 2026': { text: 'fine' },
      '2025 > 2026': { text: 'fine' },
      '2026 > 2025': { text: 'fine' },
    },
    runs: { '2025 > 2025': 0 },
  },
]

/** What the client of a pair must get; undefined when the fault does not exist for it. */
export function expectedOf({ answer }: Fault, pair: Pair): Expected | undefined {
  return 'text' in answer || 'reason' in answer ? answer : answer[pair]
}

/** How often the tool of a call begins to run. */
export function runsOf({ runs = 1 }: Fault, pair: Pair): number {
  return typeof runs === 'number' ? runs : (runs[pair] ?? 1)
}
