import { describe, expect, it, vi } from 'vitest'
import type { McpAnswer } from '../contracts/handler.ts'
import { initializeMessage, readResult } from './initialize-upstream.ts'

describe('the result of initialize', () => {
  const json = (body: string): McpAnswer => {
    return { kind: 'json', status: 200, body: Buffer.from(body), headers: {}, upstreamMs: 0 }
  }
  const stream = (events: readonly string[], cancel = vi.fn()): McpAnswer => {
    const read: Extract<McpAnswer, { kind: 'stream' }>['read'] = (reader) => {
      for (const event of events) reader.onEvent(Buffer.from(event))
      reader.onEnd(undefined)
    }
    return { kind: 'stream', status: 200, headers: {}, upstreamMs: 0, resume: vi.fn(), cancel, read }
  }
  const answer = '{"jsonrpc":"2.0","id":"initialize","result":{"protocolVersion":"2025-06-18"}}'

  it('is read from JSON and from a stream, which is closed then', async () => {
    expect(await readResult(json(answer))).toEqual({ protocolVersion: '2025-06-18' })
    const cancel = vi.fn()
    const events = ['data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n', `data: ${answer}\n\n`]
    expect(await readResult(stream(events, cancel))).toEqual({ protocolVersion: '2025-06-18' })
    expect(cancel).toHaveBeenCalled()
  })

  it.each([
    ['no JSON', json('<html>')],
    ['an error', json('{"jsonrpc":"2.0","id":"initialize","error":{"code":-32603,"message":"no"}}')],
    ['a stream without an answer', stream([])],
  ])('%s is a protocol error of the upstream', async (_, received) => {
    await expect(readResult(received)).rejects.toMatchObject({ reason: 'upstream_protocol_error' })
  })
})

it('asks for a legacy revision, whatever the client asked for', () => {
  const client = { clientInfo: { name: 'c', version: '1' }, capabilities: { roots: {} } }
  const asked = (protocolVersion: string | undefined) => initializeMessage({ ...client, protocolVersion }).params
  expect(asked('2025-06-18')).toEqual({ ...client, protocolVersion: '2025-06-18' })
  expect(asked('2026-07-28')).toEqual({ ...client, protocolVersion: '2025-11-25' })
  expect(asked(undefined)).toEqual({ ...client, protocolVersion: '2025-11-25' })
})
