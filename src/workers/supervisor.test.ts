import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startSupervisor } from '../../test/harness/start-supervisor.ts'
import { waitUntil } from '../../test/harness/wait-until.ts'

it('a worker that the system does not start is tried again, and does not keep the others from stopping', async () => {
  const { execPath } = process
  onTestFinished(() => {
    process.execPath = execPath
  })
  const { supervisor, ended, log, served } = startSupervisor(2)
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
  const { supervisor, behave, voice, served } = startSupervisor(2)
  await waitUntil('both serve', () => served().length === 2)
  behave('edit')
  supervisor.reload()
  await waitUntil('they load once more', () => voice.reloaded.mock.calls.length === 2)
})

it('however often it is told to load the project, it does so once more than it does now, and nothing piles up', async () => {
  const warned = vi.fn()
  process.on('warning', warned)
  onTestFinished(() => void process.off('warning', warned))
  const { supervisor, voice, served } = startSupervisor(2)
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
  const { ended, behave, served } = startSupervisor(3)
  await waitUntil('all serve', () => served().length === 3)
  behave('unfit')
  for (const pid of served()) process.kill(pid, 'SIGKILL')
  expect(await ended).toBe(3)
})
