import { expect, test, vi } from 'vitest'
import type { Project, RouteSpec } from '../config/project.ts'
import { settingsSchema } from '../config/project-schema.ts'
import type { HandlerType, McpHandler } from '../contracts/handler.ts'
import type { PolicyType } from '../contracts/policy.ts'
import { type BuildHost, buildRoutes } from './build-routes.ts'

const closed: string[] = []

function partOf(name: string, fails: boolean): { close(): Promise<void> } {
  return {
    close: async () => {
      closed.push(name)
      if (fails) throw new Error(`${name} is stuck`)
    },
  }
}

function routeOf(name: string): RouteSpec {
  const options = {} as HandlerType['options']
  const type: HandlerType = {
    exportName: 'Handler',
    summary: '',
    kind: 'mcp',
    options,
    upstreamUrl: () => '',
    create: () => ({ ...partOf(`handler of ${name}`, false), forwardHeaders: [] }) as unknown as McpHandler,
  }
  const policyType: PolicyType = {
    type: 'stuck',
    exportName: 'Stuck',
    summary: '',
    options,
    reasons: [],
    create: () => partOf('policy', true),
  }
  return {
    path: `/mcp/${name}`,
    internal: false,
    methods: ['POST'],
    operationId: name,
    title: name,
    description: undefined,
    tenant: undefined,
    propagation: undefined,
    handler: { type, options: {}, variables: [], environment: {} },
    inbound: [{ name: 'shared', type: policyType, options: {}, variables: [] }],
    cors: undefined,
    upstreamUrl: 'https://up.example/mcp',
    upstream: undefined,
    virtualServer: undefined,
  }
}

test('a part that fails to close is logged, and all others are closed, each once', async () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const project = {
    publicUrl: 'https://mcp.example.com',
    mode: 'start',
    settings: settingsSchema.parse({ version: 1 }),
    routes: [routeOf('a'), routeOf('b')],
  } as unknown as Project
  const built = buildRoutes(project, { policies: { log }, handlers: { log }, pipeline: {} } as unknown as BuildHost)
  await built.close()
  expect(closed).toEqual(['policy', 'handler of a', 'handler of b'])
  expect(log.error).toHaveBeenCalledWith(expect.objectContaining({ name: 'shared' }), 'could not be closed')
})
