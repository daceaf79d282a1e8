import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postLegacy, postModern, postRaw } from '../../../test/harness/post-message.ts'
import { type RunningTracker, startTracker } from './tracker.ts'

let tracker: RunningTracker
beforeAll(async () => {
  tracker = await startTracker({ port: 0, apiKey: 'key', reportStepMilliseconds: 1 })
})
afterAll(() => tracker.close())

const modern = (method: string, params: { name?: string; [member: string]: unknown } = {}, headers = {}) =>
  postModern(tracker.url, 'key', method, params, headers)
const legacy = (method: string, params: object = {}) => postLegacy(tracker.url, 'key', method, params)

describe('2026-07-28', () => {
  it('describes itself', async () => {
    const { message } = await modern('server/discover')
    expect(message?.result).toMatchObject({ resultType: 'complete', cacheScope: 'public', capabilities: { tools: {} } })
    expect(message?.result?.['supportedVersions']).toContain('2026-07-28')
  })

  it.each(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'])(
    '%s may be cached',
    async (method) => {
      expect((await modern(method)).message?.result).toMatchObject({ ttlMs: 300_000, cacheScope: 'public' })
    },
  )

  it('refuses headers that contradict the message', async () => {
    const call = { name: 'get_issue', arguments: { number: 1 } }
    for (const headers of [
      { 'mcp-method': 'ping' },
      { 'mcp-name': 'delete_issue' },
      { 'mcp-protocol-version': '2027-01-01' },
    ]) {
      const answer = await modern('tools/call', call, headers)
      expect([answer.status, answer.message?.error?.code, answer.message?.id]).toEqual([400, -32020, 1])
    }
  })

  it('names the revisions it speaks to a client of another one', async () => {
    const version = '2027-01-01'
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': version,
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const answer = await modern('tools/list', { _meta }, { 'mcp-protocol-version': version })
    expect(answer).toMatchObject({ status: 400, message: { error: { code: -32022, data: { requested: version } } } })
  })

  it('refuses an incomplete envelope', async () => {
    const answer = await modern('tools/list', { _meta: {} })
    expect(answer).toMatchObject({ status: 400, message: { error: { code: -32602 } } })
  })

  it.each(['ping', 'initialize', 'logging/setLevel', 'subscriptions/listen'])('%s does not exist', async (method) => {
    expect(await modern(method)).toMatchObject({ status: 404, message: { error: { code: -32601 } } })
  })

  it('takes names that do not fit into a header', async () => {
    const uri = 'tracker://issues/1'
    const headers = { 'mcp-name': `=?base64?${Buffer.from(uri).toString('base64')}?=` }
    expect((await modern('resources/read', { uri }, headers)).message?.result).toMatchObject({ cacheScope: 'private' })
  })

  it('streams progress only to those who asked', async () => {
    const call = { name: 'export_report', arguments: { parts: 2 } }
    const silent = await legacy('tools/call', call)
    expect(silent.headers['content-type']).toBe('application/json')
    const watched = await legacy('tools/call', { ...call, _meta: { progressToken: 'p' } })
    expect(watched.headers['content-type']).toBe('text/event-stream')
    expect(watched.text.match(/"progressToken":"p"/g)).toHaveLength(2)
    expect(watched.message?.result).toMatchObject({ content: [{ type: 'text' }] })
  })
})

describe('older revisions', () => {
  it.each([
    ['2025-11-25', '2025-11-25'],
    ['2025-03-26', '2025-03-26'],
    ['2026-07-28', '2025-11-25'],
    ['1999-01-01', '2025-11-25'],
  ])('initialize with %s agrees on %s', async (protocolVersion, agreed) => {
    const { message } = await legacy('initialize', { protocolVersion, capabilities: {} })
    expect(message?.result).toMatchObject({ protocolVersion: agreed, serverInfo: { name: 'sallyport-demo-tracker' } })
  })

  it('accepts notifications', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })
    expect((await postRaw(tracker.url, body, { authorization: 'Bearer key' })).status).toBe(202)
  })

  it('answers what it does not know in-band', async () => {
    expect(await legacy('nonsense')).toMatchObject({ status: 200, message: { error: { code: -32601 } } })
    expect(await legacy('resources/read', { uri: 'tracker://nope' })).toMatchObject({
      message: { error: { code: -32002 } },
    })
  })
})

describe('tools', () => {
  it('say what is wrong with their arguments', async () => {
    const { message } = await legacy('tools/call', {
      name: 'assign_issue',
      arguments: { number: 'one', assignee: 'ada' },
    })
    expect(message?.result).toMatchObject({
      isError: true,
      content: [{ text: 'arguments.number must be an integer.' }],
    })
  })

  it('delete for good, all or nothing', async () => {
    const remove = (numbers: number[]) => legacy('tools/call', { name: 'bulk_delete_issues', arguments: { numbers } })
    expect((await remove([2, 99])).message?.result).toMatchObject({ isError: true })
    expect((await remove([2, 3])).message?.result).toMatchObject({ content: [{ text: 'Deleted 2 issues.' }] })
    const left = await legacy('tools/call', { name: 'list_issues', arguments: {} })
    expect(JSON.stringify(left.message?.result)).not.toContain('Export invoices')
  })
})

it('wants its key, POST, JSON and a caller on this machine', async () => {
  const key = { authorization: 'Bearer key' }
  expect((await postRaw(tracker.url, '{}', { authorization: 'Bearer wrong' })).status).toBe(401)
  expect((await postRaw(tracker.url, '{}', { ...key, 'content-type': 'text/plain' })).status).toBe(415)
  expect((await postRaw(tracker.url, '{}', { ...key, origin: 'https://evil.example' })).status).toBe(403)
  expect((await postRaw(tracker.url, '{}', { ...key, host: 'evil.example' })).status).toBe(403)
  expect((await postRaw(tracker.url, `"${'x'.repeat(2_000_000)}"`, key)).status).toBe(413)
  expect((await postRaw(tracker.url, '{', key)).message?.error?.code).toBe(-32700)
})
