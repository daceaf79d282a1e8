// A gateway in a process of its own that tells its parent what it holds. Started by watch-gateway.ts with --expose-gc.
import { setTimeout as delay } from 'node:timers/promises'
import { startGateway } from '../../src/gateway.ts'
import type { Gauges } from './watch-gateway.ts'

const collect = globalThis.gc
if (collect === undefined || process.send === undefined) throw new Error('run by watch-gateway.ts')
const gateway = await startGateway({ projectDirectory: process.argv[2] ?? '.', mode: 'dev' })

async function measure(): Promise<Gauges> {
  // What the first collection finalises, the second one frees.
  for (let round = 0; round < 2; round++) {
    collect?.()
    await delay(20)
  }
  const { heapUsed, rss, external } = process.memoryUsage()
  const resources = process.getActiveResourcesInfo()
  return {
    heapBytes: heapUsed + external,
    residentBytes: rss,
    sockets: resources.filter((each) => each === 'TCPSocketWrap').length,
    handles: resources.length,
  }
}

process.on('message', (question: { readonly id: number; readonly ask: 'measure' | 'reload' }) => {
  const answer = question.ask === 'measure' ? measure() : gateway.reload()
  void answer.then((value) => process.send?.({ id: question.id, value }))
})
process.once('SIGTERM', () => void gateway.close().then(() => process.exit()))
process.once('disconnect', () => process.exit())
process.send?.({ id: 0, value: gateway.publicUrl })
