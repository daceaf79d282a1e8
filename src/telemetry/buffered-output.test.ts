import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { BufferedOutput } from './buffered-output.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'output-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

function openOutput() {
  const path = join(directory, 'log')
  const descriptor = openSync(path, 'a')
  return { output: new BufferedOutput(descriptor), read: () => readFileSync(path, 'utf8'), descriptor }
}

/** A process that logs; `statements` see `output`, which writes to its standard output. */
function startLogging(statements: string) {
  const script = `
    import { BufferedOutput } from ${JSON.stringify(new URL('./buffered-output.ts', import.meta.url).href)}
    const output = new BufferedOutput(1)
    ${statements}`
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
}

test('few lines are written together after a while, many at once, all in order', async () => {
  const { output, read, descriptor } = openOutput()
  output.write('a\n')
  output.write('b\n')
  expect(read()).toBe('')
  await vi.waitFor(() => expect(read()).toBe('a\nb\n'))
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`)
  for (const line of lines) output.write(line)
  await vi.waitFor(() => expect(read()).toBe(`a\nb\n${lines.join('')}`))
  closeSync(descriptor)
})

test('flushSync writes what waits', () => {
  const { output, read, descriptor } = openOutput()
  output.write('a\n')
  output.flushSync()
  expect(read()).toBe('a\n')
  closeSync(descriptor)
})

test('nothing is lost when the process exits', async () => {
  const writer = startLogging(`for (let n = 0; n < 50_000; n++) output.write('line ' + n + '\\n'); process.exit(0)`)
  const lines = (await text(writer.stdout)).trim().split('\n')
  expect(lines).toHaveLength(50_000)
  expect(lines.at(-1)).toBe('line 49999')
})

test('a reader that goes away neither ends nor hangs the process', async () => {
  const writer = startLogging(`
    for (let n = 0; n < 100_000; n++) output.write('line ' + n + '\\n')
    setTimeout(() => { output.write('late\\n'); process.exit(7) }, 100)`)
  await once(writer.stdout, 'data')
  writer.stdout.destroy()
  expect(await once(writer, 'exit')).toEqual([7, null])
})

test('lines beyond the bound are dropped and counted', () => {
  const { output, read, descriptor } = openOutput()
  const megabyte = `${'x'.repeat(1024 * 1024 - 1)}\n`
  for (let n = 0; n < 20; n++) output.write(megabyte)
  output.flushSync()
  expect(read()).toMatch(/"dropped":\d,"message":"log lines were lost"/)
  closeSync(descriptor)
})
