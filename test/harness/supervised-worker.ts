// Says what workers say, and serves nothing. Run by start-supervisor.ts; files in its directory say how it behaves.
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import type { FromWorker, Seating, ToWorker } from '../../src/workers/messages.ts'

const [, , directory = ''] = process.argv
let seat: Seating | undefined
let reloads = 0
let pings = 0
const is = (behaviour: string) => existsSync(`${directory}/${behaviour}`)
const send = (message: FromWorker) => process.send?.(message)
const note = (file: string) => appendFileSync(`${directory}/${seat?.slot}.${file}`, '.')

function sit(message: Seating): void {
  seat = message
  // A project that none can run: one says so, the others still start.
  if (is('unfit')) {
    if (seat.slot !== 0) return
    send({ kind: 'unfit', isProject: true })
    process.exit(3)
  }
  setInterval(() => note('ticks'), 50)
  send({ kind: 'serving', contentHash: 'first', drainMs: 0 })
}

function reload(): void {
  const contentHash = reloads++ === 0 ? 'second' : 'third'
  send({ kind: 'loaded', contentHash })
  send({ kind: 'outcome', outcome: { kind: 'reloaded', contentHash, drainMs: 0 } })
  // An administrator saves something in it while the others still load.
  if (seat?.slot === 0 && reloads === 1 && is('edit')) send({ kind: 'loaded', contentHash: 'third' })
}

/** Does one thing, and nothing besides. */
function work(untilMs: number): void {
  while (performance.now() < untilMs);
}

process.on('message', (message: ToWorker) => {
  if (message.kind === 'seat') sit(message)
  else if (message.kind === 'roster' && message.roster.some(({ name }) => name === seat?.name)) {
    writeFileSync(`${directory}/${seat?.slot}-${process.pid}`, '')
    if (is(`${seat?.slot}.hang`)) work(Number.POSITIVE_INFINITY)
  } else if (message.kind === 'ping') {
    if (pings++ < 3 && is(`${seat?.slot}.busy`)) work(performance.now() + 1_000)
    note('pings')
    send({ kind: 'pong' })
  } else if (message.kind === 'reload') reload()
  else if (message.kind === 'stop') process.exit(0)
})
send({ kind: 'hello' })
