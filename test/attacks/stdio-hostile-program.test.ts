import { expect, it, onTestFinished } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { startTestGateway } from '../harness/start-gateway.ts'
import { openStdioClient, type StdioClient } from '../harness/stdio-client.ts'
import { followProcesses, stdioServer } from '../harness/stdio-programs.ts'
import { signIn } from '../harness/write-project.ts'

// A program that floods the gateway, breaks the rules of the transport, or prints its secrets.

const key = 'key-that-nobody-may-see'

async function open(options: object = {}, limits: object = {}): Promise<StdioClient> {
  const processes = await followProcesses()
  const gateway = await startTestGateway({
    settings: { limits: { drainSeconds: 1, ...limits } },
    policies: signIn(),
    servers: {
      local: {
        upstream: stdioServer('scripted', { env: { ...processes.env, UPSTREAM_KEY: key }, ...options }),
        inbound: ['sign-in'],
      },
    },
  })
  onTestFinished(async () => {
    await gateway.close()
    expect(processes.alive()).toEqual([])
  })
  const url = gateway.server('local')
  return openStdioClient(url, (await obtainToken(gateway.publicUrl, url)).accessToken)
}

it('is ended when a line is longer than an answer may be, whether the line ends or not', async () => {
  const client = await open({}, { responseBytes: 1_000_000 })
  const before = await client.call('pid')
  expect(await client.call('long', { bytes: 900_000 })).toHaveLength(900_000)
  const other = client.call('wait', { name: 'x' }).catch(String)
  await expect.poll(() => client.call('waiters')).toContain('x')
  await expect(client.call('long', { bytes: 2_000_000 })).rejects.toThrow('limit_response_exceeded')
  expect(await other).toContain('limit_response_exceeded')
  expect(await client.call('pid')).not.toBe(before)
  await expect(client.call('endless', { bytes: 2_000_000 })).rejects.toThrow('limit_response_exceeded')
  expect(await client.call('pid')).toBeTypeOf('number')
})

it('may print what is no JSON-RPC', async () => {
  const client = await open()
  expect(await client.call('trash')).toBe('after the trash')
  expect(await client.call('pid')).toBeTypeOf('number')
})

it('floods nobody but itself', async () => {
  const client = await open()
  const before = process.memoryUsage().rss
  expect(await client.call('flood', { lines: 50_000 })).toBe('flooded')
  expect(await client.call('pid')).toBeTypeOf('number')
  // 10 MB of notifications and as much on stderr; what a client does not take in time is left out.
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024)
}, 30_000)
