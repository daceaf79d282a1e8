import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { Secret } from '../lib/secret.ts'
import { createLog, type LogOptions } from './log.ts'

function collect(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const destination = { write: (text: string) => void lines.push(text) }
  const log = createLog({ level: 'info', pretty: false, destination, ...options })
  return {
    log,
    lines,
    parsed: () =>
      lines
        .join('')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
  }
}

const record = { timeMs: 0, message: 'done', members: '"event":{"subject":"ada"}' } as const

test('one JSON line with level, time, fields and message; levels below are left out', () => {
  const { log, parsed } = collect()
  log.debug({}, 'not shown')
  log.warn({ route: 'tracker' }, '100% of %s')
  expect(parsed()).toEqual([
    { level: 'warn', time: expect.stringMatching(/^\d{4}-.*Z$/), route: 'tracker', message: '100% of %s' },
  ])
})

test('fields, messages and bare errors pass the scrubber', () => {
  const { log, lines, parsed } = collect()
  log.error({ request: { headers: { authorization: 'Bearer abc' } }, key: new Secret('abc') }, 'sent Bearer abc')
  log.error(new Error('Bearer abc', { cause: new Error('token=abc') }), 'failed')
  log.error({ err: new Error('Bearer abc') }, 'failed')
  expect(lines.join('')).not.toContain('abc')
  expect(parsed()[1]).toMatchObject({ error: { name: 'Error', cause: { message: 'token=[secret]' } } })
  expect(parsed()[2]).toMatchObject({ err: { message: '[secret]' } })
})

describe('records', () => {
  test('become lines of one write, filtered by level', () => {
    const { log, lines, parsed } = collect({ level: 'warn' })
    log.writeRecords([
      { ...record, level: 'info' },
      { ...record, level: 'warn' },
      { ...record, level: 'error' },
    ])
    expect(lines).toHaveLength(1)
    expect(parsed()).toEqual([
      { level: 'warn', time: '1970-01-01T00:00:00.000Z', event: { subject: 'ada' }, message: 'done' },
      { level: 'error', time: '1970-01-01T00:00:00.000Z', event: { subject: 'ada' }, message: 'done' },
    ])
  })

  test('are scrubbed', () => {
    const { log, lines } = collect()
    const members = `"event":${JSON.stringify({ detail: 'got "token": "abcdef"', capability: 'x?token=abcdef' })}`
    log.writeRecords([{ ...record, level: 'info', members }])
    expect(lines.join('')).not.toContain('abcdef')
    expect(lines.join('')).toContain('[secret]')
  })
})

test('pretty lines carry level, message and fields', () => {
  const { log, lines } = collect({ pretty: true })
  log.info({ route: 'tracker' }, 'hello')
  log.writeRecords([{ ...record, level: 'info' }])
  expect(lines.map((line) => line.replace(/\d/g, '0'))).toEqual([
    '[00:00:00] INFO: hello {"route":"tracker"}\n',
    '[00:00:00] INFO: done {"event":{"subject":"ada"}}\n',
  ])
})

test('what is buffered is written when the process exits', () => {
  const script = `
    import { createLog } from ${JSON.stringify(new URL('./log.ts', import.meta.url).href)}
    const log = createLog({ level: 'info', pretty: false })
    for (let n = 0; n < 500; n++) log.info({ n }, 'line')
    log.writeRecords([{ level: 'info', timeMs: 0, message: 'last', members: '"n":500' }])
    process.exit(0)`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  const lines = output.trim().split('\n')
  expect(lines).toHaveLength(501)
  expect(JSON.parse(lines[500] ?? '')).toMatchObject({ n: 500, message: 'last' })
})
