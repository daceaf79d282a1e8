import { expect, it, onTestFinished } from 'vitest'
import { type PostAnswer, postModern } from '../harness/post-message.ts'
import { startWorkers } from '../harness/start-workers.ts'
import { openStdioClient } from '../harness/stdio-client.ts'
import { followProcesses, stdioServer } from '../harness/stdio-programs.ts'
import { startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { startOlderUpstream } from '../harness/upstreams/older-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'

/** What clients may see of a worker that ends: broken connections, nobody there for a moment, and the reason for it. */
const bearable =
  /^(ok|broken off|worker_lost|gateway_stopping|upstream_\w+|UND_ERR_SOCKET|ECONNRESET|ECONNREFUSED|EPIPE)$/
/** Longer than any of these takes on a machine that starts processes all the time, shorter than for ever. */
const longestMs = 30_000

it('workers that end under load leave no client waiting, and everything works when they are back', async () => {
  const [modern, older] = await Promise.all([startModernUpstream(), startOlderUpstream()])
  onTestFinished(async () => void (await Promise.all([modern.close(), older.close()])))
  const work = { resultType: 'complete', content: [{ type: 'text', text: '"ok"' }] }
  modern.onRequest = (request) => request.answer({ result: work })
  const processes = await followProcesses()
  const servers = {
    modern: { upstream: modern.url, inbound: ['keys'] },
    older: { upstream: older.url, inbound: ['keys'] },
    local: { upstream: stdioServer('scripted', { env: processes.env }), inbound: ['keys'] },
    all: { upstream: { members: { m: { route: 'modern' }, l: { route: 'local' } } }, inbound: ['keys'] },
  }
  const people = ['ada', 'bob']
  const gateway = await startWorkers({ servers }, { people, balancedBy: 'system' })
  const seen = new Map<string, number>()
  let slowestMs = 0
  const over = new AbortController()
  const repeat = async (ask: () => Promise<PostAnswer>) => {
    while (!over.signal.aborted) {
      const startedMs = performance.now()
      const outcome = await ask().then(describeAnswer, ({ code }: NodeJS.ErrnoException) => String(code))
      slowestMs = Math.max(slowestMs, performance.now() - startedMs)
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
    }
  }
  const ways = people.map(async (person) => {
    const key = gateway.key(person)
    const [session, merged] = [
      await openStdioClient(gateway.server('modern'), key),
      await openStdioClient(gateway.server('all'), key),
    ]
    const call = (server: string, name: string) =>
      postModern(gateway.server(server), key, 'tools/call', { name, arguments: {} })
    return [
      () => session.post({ id: 1, method: 'tools/call', params: { name: 'work', arguments: {} } }),
      () => merged.post({ id: 1, method: 'tools/list' }),
      () => call('older', 'echo'),
      () => call('local', 'pid'),
    ]
  })
  const asking = (await Promise.all(ways)).flat()
  const running = asking.map(repeat)
  for (const [slot, signal] of [
    [0, 'SIGKILL'],
    [1, 'SIGTERM'],
    [2, 'SIGKILL'],
  ] as const) {
    const before = seen.get('ok') ?? 0
    await waitUntil('it works', () => (seen.get('ok') ?? 0) > before + 20, longestMs)
    const pid = gateway.pids().get(slot) ?? 0
    process.kill(pid, signal)
    await waitUntil('another worker', () => gateway.pids().get(slot) !== pid, longestMs)
  }
  over.abort()
  await Promise.all(running)
  expect([...seen.keys()].filter((outcome) => !bearable.test(outcome))).toEqual([])
  expect(slowestMs).toBeLessThan(longestMs)
  for (const ask of asking) for (const _ of [0, 1, 2]) expect(describeAnswer(await ask())).toBe('ok')
  expect(gateway.logged('unexpected error')).toEqual([])
  expect(await gateway.stop()).toBe(0)
  await processes.waitUntilEmpty()
}, 180_000)

function describeAnswer({ status, isComplete, message, text }: PostAnswer): string {
  if (!isComplete) return 'broken off'
  if (message?.result) return 'ok'
  return message?.error?.data?.reason ?? `${status} ${text}`
}
