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
  return spawn(process.execPath, ['--input-type=module', '-e', scriptOf(statements)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

function scriptOf(statements: string): string {
  return `
    import { BufferedOutput } from ${JSON.stringify(new URL('./buffered-output.ts', import.meta.url).href)}
    const output = new BufferedOutput(1)
    ${statements}`
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

test('lines of several processes with one output do not mix, however slow the reader', async () => {
  const statements = (mark: string) =>
    `const rest = '${mark}'.repeat(200); setInterval(() => { for (let n = 0; n < 500; n++) output.write('${mark}' + rest + '\\n') }, 1); setTimeout(() => process.exit(0), 300)`
  const writers = ['a', 'b', 'c'].map((mark) => JSON.stringify(scriptOf(statements(mark))))
  const parent = `
    import { spawn } from 'node:child_process'
    for (const script of [${writers.join()}]) spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })`
  const started = spawn(process.execPath, ['--input-type=module', '-e', parent], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = (await text(started.stdout)).trim().split('\n')
  expect(lines.filter((line) => !/^(a{201}|b{201}|c{201}|\{.*\})$/.test(line))).toEqual([])
  for (const mark of ['a', 'b', 'c']) expect(lines).toContain(mark.repeat(201))
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
