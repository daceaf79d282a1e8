import cluster from 'node:cluster'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { waitUntil } from '../../test/harness/wait-until.ts'
import { Supervisor } from './supervisor.ts'

/** Says what workers say, and serves nothing. In its directory a file `unfit` is a project that none can run: one says so, the others still start. */
const worker = `
import { existsSync, writeFileSync } from 'node:fs'
const directory = process.argv[2]
let seat, reloads = 0
const send = (message) => process.send(message)
process.on('message', (message) => {
  if (message.kind === 'seat') {
    seat = message
    if (existsSync(directory + '/unfit')) {
      if (seat.slot !== 0) return
      send({ kind: 'unfit', isProject: true })
      process.exit(3)
    }
    send({ kind: 'serving', contentHash: 'first', drainMs: 0 })
  }
  if (message.kind === 'roster' && message.roster.some(({ name }) => name === seat?.name)) {
    writeFileSync(directory + '/' + seat.slot + '-' + process.pid, '')
  }
  if (message.kind === 'reload') {
    const contentHash = reloads++ === 0 ? 'second' : 'third'
    send({ kind: 'loaded', contentHash })
    send({ kind: 'outcome', outcome: { kind: 'reloaded', contentHash, drainMs: 0 } })
    // An administrator saves something in it while the others still load.
    if (seat.slot === 0 && reloads === 1 && existsSync(directory + '/edit')) send({ kind: 'loaded', contentHash: 'third' })
  }
  if (message.kind === 'stop') process.exit(0)
})
send({ kind: 'hello' })
`

function start(count: number) {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-supervisor-'))
  const exec = join(directory, 'worker.mjs')
  writeFileSync(exec, worker)
  cluster.setupPrimary({ exec, args: [directory], execArgv: [] })
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const voice = { reloaded: vi.fn(), kept: vi.fn(), failed: vi.fn() }
  const supervisor = new Supervisor({ count, listen: { port: 0, reusePort: true }, log, voice })
  const ended = supervisor.run()
  onTestFinished(async () => {
    supervisor.stop()
    await ended
    rmSync(directory, { recursive: true })
  })
  const served = () => readdirSync(directory).flatMap((name) => /^\d-(\d+)$/.exec(name)?.slice(1).map(Number) ?? [])
  return { supervisor, ended, directory, log, voice, served }
}

it('a worker that the system does not start is tried again, and does not keep the others from stopping', async () => {
  const { execPath } = process
  onTestFinished(() => {
    process.execPath = execPath
  })
  const { supervisor, ended, log, served } = start(2)
  process.execPath = join(tmpdir(), 'no', 'such', 'node')
  await waitUntil('the second worker cannot be started', () => log.error.mock.calls.length >= 2)
  expect(log.error.mock.calls[0]).toEqual([
    { worker: 1, err: expect.objectContaining({ code: 'ENOENT' }) },
    'a worker could not be started',
  ])
  process.execPath = execPath
  await waitUntil('it is started after all', () => served().length === 2)
  supervisor.stop()
  expect(await ended).toBe(0)
})

it('an edit in a worker that has loaded already, while the others still load, reaches all', async () => {
  const { supervisor, directory, voice, served } = start(2)
  await waitUntil('both serve', () => served().length === 2)
  writeFileSync(join(directory, 'edit'), '')
  supervisor.reload()
  await waitUntil('they load once more', () => voice.reloaded.mock.calls.length === 2)
})

it('however often it is told to load the project, it does so once more than it does now, and nothing piles up', async () => {
  const warned = vi.fn()
  process.on('warning', warned)
  onTestFinished(() => void process.off('warning', warned))
  const { supervisor, voice, served } = start(2)
  await waitUntil('both serve', () => served().length === 2)
  for (let round = 1; round <= 12; round++) {
    for (let signal = 0; signal < 10; signal++) supervisor.reload()
    await waitUntil('it has loaded twice', () => voice.reloaded.mock.calls.length >= 2 * round)
  }
  supervisor.reload()
  await waitUntil('it has loaded', () => voice.reloaded.mock.calls.length >= 25)
  expect(voice.reloaded).toHaveBeenCalledTimes(25)
  expect(warned).not.toHaveBeenCalled()
})

it('a gateway whose workers can all not run any more ends, and says so by its exit code', async () => {
  const { ended, directory, served } = start(3)
  await waitUntil('all serve', () => served().length === 3)
  writeFileSync(join(directory, 'unfit'), '')
  for (const pid of served()) process.kill(pid, 'SIGKILL')
  expect(await ended).toBe(3)
})
