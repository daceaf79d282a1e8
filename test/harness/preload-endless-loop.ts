// Preloaded with `--import` into a gateway that a test wants to hang: at SIGUSR2 its event loop is blocked for good.
import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) {
  process.once('SIGUSR2', () => {
    writeSync(2, `${process.pid} loops for ever\n`)
    for (;;);
  })
}
