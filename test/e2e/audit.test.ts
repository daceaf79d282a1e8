import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/storage/sqlite/open-database.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { postModern } from '../harness/post-message.ts'
import { runCli } from '../harness/run-cli.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import type { RunningUpstream } from '../harness/upstreams/listen.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn } from '../harness/write-project.ts'

let upstream: RunningUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await startEchoUpstream()
  const allow: ['mcp-capability-filter-inbound', object] = ['mcp-capability-filter-inbound', { tools: ['echo'] }]
  gateway = await startTestGateway({
    settings: { audit: { toolCalls: true } },
    servers: { both: { upstream: upstream.url, inbound: ['sign-in', 'only-echo'] } },
    policies: { ...signIn(), 'only-echo': allow },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const audit = (...args: string[]) => {
  const [command = '', ...rest] = args
  return runCli('audit', command, ...rest)
}
async function list(...flags: string[]) {
  const { out } = await audit('list', gateway.directory, '--json', '-n', '1000', ...flags)
  return JSON.parse(out) as { type: string; sequence: number; hash: string; fields: Record<string, unknown> }[]
}
async function verify(...flags: string[]) {
  const { code, out } = await audit('verify', ...flags, '--json')
  return {
    code,
    ...(JSON.parse(out) as { entries: number; lastSequence: number; lastHash: string; problems: { kind: string }[] }),
  }
}
const call = (token: string, name: string) =>
  postModern(gateway.server('both'), token, 'tools/call', { name, arguments: { text: 'not for the trail' } })
/** Signs a person in, calls one tool that is allowed and one that is not. */
async function work(person: string) {
  const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('both'), person)
  await call(accessToken, 'echo')
  await call(accessToken, 'not_for_all')
  await waitUntil('the refusal is in the trail', async () =>
    (await list('--subject', person)).some(({ fields }) => fields.outcome === 'denied'),
  )
}

test('sign-in, consent, token, calls and refusals of a person are in the trail, without arguments', async () => {
  await work('ada')
  const entries = await list('--subject', 'ada')
  const types = new Set(entries.map(({ type }) => type))
  for (const type of ['auth_signed_in', 'auth_consent_given', 'auth_token_issued', 'capability_completed'])
    expect(types).toContain(type)
  expect(entries.find(({ fields }) => fields.outcome === 'denied')).toMatchObject({
    fields: { capability: 'not_for_all', reason: 'capability_not_allowed', virtualServer: 'both' },
  })
  const bytes = await readFile(join(gateway.directory, 'data/audit.db'), 'latin1')
  expect(bytes).not.toContain('not for the trail')
})

test('a refusal of nobody in particular is not', async () => {
  await postModern(gateway.server('both'), 'sp_at_wrong', 'tools/list')
  await gateway.waitForEvent(({ reason }) => reason === 'token_invalid')
  await work('bob')
  expect((await list()).filter(({ fields }) => fields.reason === 'token_invalid')).toEqual([])
})

test('what the command line does is in the trail, and the gateway signs it with what it writes next', async () => {
  const { code } = await runCli('keys', 'create', 'billing', gateway.directory)
  expect(code).toBe(0)
  expect((await list())[0]).toMatchObject({ type: 'auth_key_created', fields: { subject: 'consumer:billing' } })
  await work('cyd')
  const { out } = await audit('verify', gateway.directory, '--json')
  const { signedUpTo, lastSequence, problems } = JSON.parse(out)
  expect({ signedUpTo, problems }).toEqual({ signedUpTo: lastSequence, problems: [] })
})

describe('verification', () => {
  test('of a running gateway finds nothing, and something once a byte was changed', async () => {
    await work('dan')
    expect(await verify(gateway.directory)).toMatchObject({ code: 0, problems: [] })
    const database = openDatabase(join(gateway.directory, 'data/audit.db'))
    const [{ fields = '', sequence = 0 } = {}] = database.prepare('select * from audit_entries limit 1 offset 3').all()
    const write = database.prepare('update audit_entries set fields = ? where sequence = ?')
    write.run(String(fields).replace('"value":"', '"value":"x'), sequence)
    expect(await verify(gateway.directory)).toMatchObject({ code: 1, problems: [{ kind: 'altered', sequence }] })
    write.run(fields, sequence)
    database.close()
    expect(await verify(gateway.directory)).toMatchObject({ code: 0 })
  })

  test('against an entry that the log noted finds an end that was cut off with its signatures', async () => {
    const { lastSequence, lastHash } = await verify(gateway.directory)
    expect(await verify(gateway.directory, '--head', `${lastSequence}:${lastHash}`)).toMatchObject({ code: 0 })
    const later = `${lastSequence + 5}:${lastHash}`
    expect(await verify(gateway.directory, '--head', later)).toMatchObject({
      code: 1,
      problems: [{ kind: 'truncated' }],
    })
  })

  test('with the fingerprint of another key finds every signature wrong', async () => {
    const result = await verify(gateway.directory, '--key', `SHA256:${'a'.repeat(43)}`)
    expect(result).toMatchObject({ code: 1, problems: [{ kind: 'unknown-key' }, ...result.problems.slice(1)] })
  })
})

describe('an export', () => {
  /** Where the entry of this number is among the lines: signatures stand between entries. */
  const entryOf = (lines: readonly string[], number: number) => lines.indexOf(entry(lines, number))
  const entry = (lines: readonly string[], number: number) =>
    lines.filter((line) => line.startsWith('{"entry"'))[number - 1] ?? ''
  const exportTo = async (name: string, ...flags: string[]) => {
    const file = join(gateway.directory, name)
    const { code, errors } = await audit('export', gateway.directory, '--output', file, ...flags)
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    return file
  }

  test('is verified without the project', async () => {
    const file = await exportTo('trail.jsonl')
    const { entries } = await verify(gateway.directory)
    expect(await verify('/nowhere', '--file', file)).toMatchObject({ code: 0, entries, problems: [] })
  })

  test('by subject shows that person alone, and still proves that nothing of theirs is missing', async () => {
    const file = await exportTo('ada.jsonl', '--subject', 'ada')
    const text = await readFile(file, 'utf8')
    expect(text).toContain('"ada"')
    for (const other of ['"bob"', 'consumer:billing']) expect(text).not.toContain(other)
    expect(await verify('/nowhere', '--file', file)).toMatchObject({ code: 0, problems: [] })
  })

  test.each([
    [
      'an edit',
      (lines: string[]) => lines.map((line) => line.replace('"capability_not_allowed"', '"limit_rate"')),
      'altered',
    ],
    ['a deletion', (lines: string[]) => lines.toSpliced(entryOf(lines, 3), 1), 'missing'],
    ['an insertion', (lines: string[]) => lines.toSpliced(entryOf(lines, 3), 0, entry(lines, 3)), 'out-of-order'],
    [
      'another order',
      (lines: string[]) => lines.with(entryOf(lines, 2), entry(lines, 3)).with(entryOf(lines, 3), entry(lines, 2)),
      'out-of-order',
    ],
    [
      'a missing end',
      (lines: string[]) => lines.filter((line, index) => line.startsWith('{"segment"') || index < lines.length / 2),
      'truncated',
    ],
  ])('shows %s', async (_name, tamper, kind) => {
    const file = await exportTo('tampered.jsonl')
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    await writeFile(file, `${tamper(lines).join('\n')}\n`)
    const { code, problems } = await verify('/nowhere', '--file', file)
    expect(code).toBe(1)
    expect(problems.map((problem) => problem.kind)).toContain(kind)
  })

  test('that is none is refused with file and line', async () => {
    const file = join(gateway.directory, 'none.jsonl')
    await writeFile(
      file,
      '{"format":"sallyport-audit-export","version":1,"after":{"sequence":0,"hash":""}}\nnonsense\n',
    )
    const { code, errors } = await audit('verify', '--file', file)
    expect(code).toBe(1)
    expect(errors).toContain(`${file}:2: `)
  })
})

test('redaction removes a person from the file, and the trail still verifies', async () => {
  await work('eve')
  const before = await list('--subject', 'eve')
  const { code } = await audit('redact', 'eve', gateway.directory, '--yes')
  expect(code).toBe(0)
  expect(before.length).toBeGreaterThan(3)
  expect(await list('--subject', 'eve')).toEqual([])
  expect((await readFile(join(gateway.directory, 'data/audit.db'), 'latin1')).includes('"eve"')).toBe(false)
  expect(await verify(gateway.directory)).toMatchObject({ code: 0, problems: [] })
})

test('after a restart the chain goes on under the same key', async () => {
  const before = await verify(gateway.directory)
  await gateway.restart()
  await work('fay')
  const after = await verify(gateway.directory)
  expect(after).toMatchObject({ code: 0, problems: [] })
  expect(after.entries).toBeGreaterThan(before.entries)
  expect((after as unknown as { keys: string[] }).keys).toHaveLength(1)
})
