import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { waitUntil } from '../wait-until.ts'

/** A port on which no connection ever comes about: no refusal, no answer. */
export interface BlackHole {
  close(): Promise<void>
}

/** Opens a black hole at a free port of 127.0.0.1. Linux. */
export async function openBlackHole(port: number): Promise<BlackHole> {
  const flag = new Int32Array(new SharedArrayBuffer(8))
  const worker = new Worker(join(import.meta.dirname, 'blocked-listener.ts'), { workerData: { port, flag } })
  const exited = once(worker, 'exit')
  await waitUntil('the black hole listens', () => Atomics.load(flag, 1) === 1)
  const waiting: Socket[] = []
  while (await fillsQueue(port, waiting)) {
    if (waiting.length > 64) throw new Error('the queue of the listener has no end')
  }
  return {
    close: async () => {
      for (const socket of waiting) socket.destroy()
      Atomics.store(flag, 0, 1)
      Atomics.notify(flag, 0)
      await exited
    },
  }
}

/** Puts one connection into the queue; false when there was no room. */
async function fillsQueue(port: number, waiting: Socket[]): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => undefined)
  waiting.push(socket)
  return Promise.race([once(socket, 'connect').then(() => true), delay(150, false)])
}
