import { execFile, type PromiseWithChild } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach } from 'vitest'
import type { Clock } from '../contracts/clock.ts'
import type { Storage } from '../contracts/storage.ts'

/** One empty store of an adapter, for one test. */
export interface StorageUnderTest {
  /** Opens it; several may be open at once. */
  open(clock?: Clock): Promise<Storage>
  /** Text of an ES module that opens the same store in another process, as `const storage = …`. */
  readonly openInProcess: string
  destroy(): Promise<void>
}

/** The store of the test that runs. */
export interface StoreOfSuite {
  /** What the clock of the store says; a test may move it. Milliseconds. */
  now: number
  /** Opens it once more; closed after the test. */
  open(): Promise<Storage>
  /** Runs statements of an ES module in another process, where the same store is `storage`. */
  startProcess(statements: string): PromiseWithChild<{ readonly stdout: string }>
}

const runFile = promisify(execFile)

/** An empty store for each test of a suite, and what opens it. */
export function useStore(createStore: () => Promise<StorageUnderTest>): StoreOfSuite {
  let store: StorageUnderTest
  let opened: Storage[]
  const suite: StoreOfSuite = {
    now: 0,
    async open() {
      const storage = await store.open(() => suite.now)
      opened.push(storage)
      return storage
    },
    startProcess(statements) {
      const script = `${store.openInProcess}\n${statements}`
      return runFile(process.execPath, ['--input-type=module', '-e', script])
    },
  }
  beforeEach(async () => {
    store = await createStore()
    opened = []
    suite.now = 1_000_000
  })
  afterEach(async () => {
    await Promise.all(opened.map((storage) => storage.close()))
    await store.destroy()
  })
  return suite
}
