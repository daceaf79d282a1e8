// The load generator of the benchmark for machines without a C compiler; same arguments and output as bench/load.c.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

const [port, concurrency, milliseconds] = process.argv.slice(2, 5).map(Number)
const [requestFile = '', bodyFile = ''] = process.argv.slice(5)
if (port === undefined || concurrency === undefined || milliseconds === undefined) throw new Error('see bench/load.c')
const request = readFileSync(requestFile)
const expected = readFileSync(bodyFile, 'latin1')
const beganAt = performance.now()
const stopAt = beganAt + milliseconds
const latencies: number[] = []
let errors = 0
let firstError = ''

/** The body without its chunks' frames, or undefined while more must come. */
function readChunks(text: string): string | undefined {
  let body = ''
  for (let at = 0; ; ) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    const next = lineEnd + 2 + size + 2
    if (text.length < next) return undefined
    if (size === 0) return body
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    at = next
  }
}

/** What is wrong with an answer: an empty text when it is right, undefined while more must come. */
function findFault(received: string): string | undefined {
  const headBytes = received.indexOf('\r\n\r\n') + 4
  if (headBytes < 4) return undefined
  if (!received.startsWith('HTTP/1.1 200 ')) return `status is not 200, answer starts ${received.slice(0, 60)}`
  const head = received.slice(0, headBytes)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined && received.length < headBytes + Number(length)) return undefined
  const body = length === undefined ? readChunks(received.slice(headBytes)) : received.slice(headBytes)
  if (body === undefined) return undefined
  return body === expected || isExpected(body) ? '' : 'body differs'
}

const anyDigit = '\u0001'

function isExpected(body: string): boolean {
  const from = expected.indexOf(anyDigit)
  const to = expected.lastIndexOf(anyDigit) + 1
  if (from < 0 || !/^\d+$/.test(body.slice(from, to))) return false
  return body === expected.slice(0, from) + body.slice(from, to) + expected.slice(to)
}

/** Keeps one connection busy until time is up. */
function runConnection(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: port ?? 0, noDelay: true })
    let received = ''
    let startedAt = 0
    const send = () => {
      received = ''
      startedAt = performance.now()
      socket.write(request)
    }
    const end = (fault: string) => {
      if (fault !== '' && errors++ === 0) firstError = fault
      socket.destroy()
      resolve()
    }
    socket.setEncoding('latin1')
    socket.once('connect', send)
    socket.once('error', (error) => end(error.message))
    socket.once('end', () => end('connection closed'))
    socket.on('data', (chunk: string) => {
      received += chunk
      const fault = findFault(received)
      if (fault === undefined) return
      if (fault !== '') return end(fault)
      const now = performance.now()
      latencies.push(now - startedAt)
      return now < stopAt ? send() : end('')
    })
    setTimeout(() => end('call never answered'), stopAt + 5_000 - performance.now()).unref()
  })
}

await Promise.all(Array.from({ length: concurrency }, runConnection))
latencies.sort((a, b) => a - b)
const percentile = (share: number) =>
  1_000 * (latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? 0)
const seconds = (performance.now() - beganAt) / 1_000
const [p50, p90, p99, max] = [0.5, 0.9, 0.99, 1].map(percentile)
process.stdout.write(
  `${JSON.stringify({ completed: latencies.length, errors, firstError, seconds, p50, p90, p99, max })}\n`,
)
