import { rm } from 'node:fs/promises'
import { afterEach, expect, test } from 'vitest'
import { createProject } from '../test/harness/write-project.ts'
import { type RunningGateway, startGateway } from './gateway.ts'
import { createLog } from './telemetry/log.ts'

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function start(lines: string[]): Promise<RunningGateway> {
  const projectDirectory = await createProject({
    servers: { open: { upstream: 'http://127.0.0.1:1/mcp', inbound: [] } },
  })
  closing.push(() => rm(projectDirectory, { recursive: true, force: true }))
  const log = createLog({ level: 'warn', pretty: false, destination: { write: (line) => void lines.push(line) } })
  const gateway = await startGateway({ projectDirectory, mode: 'dev', log })
  closing.push(() => gateway.close())
  return gateway
}

test('a project where nobody signs in offers no OAuth', async () => {
  const { publicUrl } = await start([])
  const paths = ['oauth-protected-resource/mcp/open', 'oauth-authorization-server']
  for (const path of paths) {
    const response = await fetch(`${publicUrl}/.well-known/${path}`)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ reason: 'route_not_found' })
  }
})

test('warnings of the project are in the log from the start, and after each reload', async () => {
  const lines: string[] = []
  const gateway = await start(lines)
  const warnings = () => lines.filter((line) => line.includes('nobody signs in to this MCP route')).length
  expect(warnings()).toBe(1)
  expect(await gateway.reload()).toEqual({ ok: true })
  expect(warnings()).toBe(2)
})
