import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { expect, it } from 'vitest'
import { ErrorLines } from './error-lines.ts'

const secret = 'a-key-of-the-upstream'

async function write(chunks: readonly string[], secrets: readonly string[] = [secret]) {
  const source = new PassThrough()
  const logged: { readonly line?: string; readonly lines?: number; readonly route?: string }[] = []
  const unexpected = () => {
    throw new Error('logged above debug')
  }
  const log = {
    debug: (fields: object) => void logged.push(fields),
    info: unexpected,
    warn: unexpected,
    error: unexpected,
  }
  const errors = new ErrorLines(source, log, { route: 'local' }, secrets)
  for (const chunk of chunks) source.write(chunk)
  source.end()
  await finished(source)
  return { logged, last: errors.last }
}

it('logs each line with its route, also one without an end', async () => {
  const { logged, last } = await write(['one\ntw', 'o\r\n\nthree'])
  expect(logged).toEqual(['one', 'two', 'three'].map((line) => ({ route: 'local', line })))
  expect(last).toBe('one\ntwo\nthree')
})

it('takes secrets out, wherever chunks divide them', async () => {
  for (let split = 1; split < secret.length; split++) {
    const { logged, last } = await write([`key=${secret.slice(0, split)}`, `${secret.slice(split)} end\n`])
    expect(logged).toEqual([{ route: 'local', line: 'key=[secret] end' }])
    expect(last).not.toContain(secret.slice(0, 10))
  }
})

it('takes the longer of two secrets out first', async () => {
  const { last } = await write([`${secret}-longer\n`], [secret, `${secret}-longer`])
  expect(last).toBe('[secret]')
})

it('cuts long lines without showing a part of a secret, and goes on with the next', async () => {
  const { logged } = await write([
    `${'x'.repeat(1_990)}${secret}${'y'.repeat(100_000)}`,
    'z'.repeat(100_000),
    '\nnext\n',
  ])
  expect(logged.at(-1)?.line).toBe('next')
  for (const { line } of logged) expect(line?.length).toBeLessThanOrEqual(2_000)
  expect(JSON.stringify(logged)).not.toContain(secret.slice(0, 6))
})

it('counts a flood instead of logging it, and keeps its end', async () => {
  const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}\n`)
  const { logged, last } = await write(lines)
  expect(logged.length).toBeLessThan(500)
  expect(last.split('\n')).toHaveLength(10)
  expect(last).toContain('line 4999')
})
