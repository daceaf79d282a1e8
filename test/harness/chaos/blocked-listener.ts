// A worker thread that listens and then never accepts: the kernel drops whoever finds its queue full, as a dead host would.
import { createServer } from 'node:net'
import { workerData } from 'node:worker_threads'

const { port, flag } = workerData as { readonly port: number; readonly flag: Int32Array<SharedArrayBuffer> }
const server = createServer((socket) => socket.destroy())
server.listen({ host: '127.0.0.1', port, backlog: 1 }, () => {
  Atomics.store(flag, 1, 1)
  Atomics.wait(flag, 0, 0)
  server.close()
})
