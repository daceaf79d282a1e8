import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createWorkerDirectory, startSupervisor, workerProgram } from '../../test/harness/start-supervisor.ts'
import { waitUntil } from '../../test/harness/wait-until.ts'

/** Two seconds, so that a machine with other work is not taken for a worker that hangs. */
const heartbeat = { everyMs: 100, mostUnanswered: 20 }
const supervisorProgram = join(import.meta.dirname, '../../test/harness/run-supervisor.ts')

it('a worker that hangs again and again is killed each time, and started after longer and longer pauses', async () => {
  const { log, served, behave } = startSupervisor(2, heartbeat)
  behave('1.hang')
  const logged = (message: string) =>
    log.error.mock.calls.flatMap(([fields, said]) => (said === message ? [fields] : []))
  let laterMs = 0
  const now = performance.now.bind(performance)
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + laterMs)
  onTestFinished(() => clock.mockRestore())
  for (const time of [1, 2, 3]) {
    await waitUntil('it serves', () => served(1).length === time)
    // Longer than anybody has to run to count as sound: but not if nothing was heard meanwhile.
    laterMs += 100_000
    await waitUntil('it is killed', () => logged('a worker ended; another one is started').length === time)
  }
  expect(logged('a worker does not answer and is killed')).toEqual(
    served(1).map(() => ({ worker: 1, pid: expect.any(Number), silentMs: 2_000 })),
  )
  expect(logged('a worker ended; another one is started')).toMatchObject(
    [0, 500, 1_000].map((pauseMs, index) => ({ worker: 1, signal: 'SIGKILL', inARow: index + 1, pauseMs })),
  )
  expect(served(0)).toHaveLength(1)
}, 60_000)

it('a worker that hangs does not keep the others from stopping, nor for as long as one that still drains', async () => {
  const { supervisor, ended, log, served, behave } = startSupervisor(2, heartbeat)
  behave('1.hang')
  await waitUntil('both serve', () => served().length === 2)
  supervisor.stop()
  expect(await ended).toBe(0)
  expect(log.error.mock.calls.map(([, said]) => said)).toEqual(['a worker does not answer and is killed'])
}, 60_000)

it('a worker that is busy for long, but not for too long, is left alone', async () => {
  const { log, count, behave } = startSupervisor(2, heartbeat)
  behave('1.busy')
  await waitUntil('it answered several times', () => count(1, 'pings') > 40, 20_000)
  expect(log.error).not.toHaveBeenCalled()
}, 60_000)

it('only time in which the supervisor ran counts: stopped with its workers, or alone, it kills nobody', async () => {
  const { directory, served, count } = createWorkerDirectory()
  const child = spawn(process.execPath, [supervisorProgram, workerProgram, directory, JSON.stringify(heartbeat)])
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
    for (const pid of served()) kill(pid, 'SIGKILL')
  })
  await waitUntil('both serve', () => served().length === 2)
  const pings = (more: number) => {
    const goals = [0, 1].map((slot) => [slot, count(slot, 'pings') + more] as const)
    return waitUntil('they are asked', () => goals.every(([slot, goal]) => count(slot, 'pings') >= goal), 20_000)
  }
  await pings(1)
  const [stopped = 0] = served(1)
  child.kill('SIGSTOP')
  kill(stopped, 'SIGSTOP')
  // The other worker says how long that is: more than four seconds.
  const goal = count(0, 'ticks') + 80
  await waitUntil('a long time', () => count(0, 'ticks') > goal, 30_000)
  kill(stopped, 'SIGCONT')
  child.kill('SIGCONT')
  await pings(2 * heartbeat.mostUnanswered)
  expect(printed).toBe('')
  expect(served()).toHaveLength(2)

  kill(stopped, 'SIGSTOP')
  await waitUntil('another one is there instead', () => served(1).length === 2, 20_000)
  expect(printed).toContain(JSON.stringify({ worker: 1, pid: stopped, silentMs: 2_000 }).slice(0, -1))
}, 90_000)

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}
