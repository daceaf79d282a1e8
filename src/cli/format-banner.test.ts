import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Project, RouteSpec } from '../config/project.ts'
import { formatBanner } from './format-banner.ts'

describe('the banner', () => {
  const route = {
    path: '/mcp/x',
    operationId: 'x',
    title: 'The X',
    inbound: [{ name: 'sign-in' }, { name: 'limit' }],
    upstreamUrl: 'https://up.example/mcp',
    virtualServer: { resource: 'https://gw.example/mcp/x' },
  } as unknown as RouteSpec
  const show = (routes: readonly RouteSpec[]) =>
    formatBanner(
      { publicUrl: 'https://gw.example', project: { mode: 'dev', routes } as unknown as Project },
      new PassThrough(),
    )

  it('shows each virtual server with URL, upstream and policies, without colours off a terminal', () => {
    const banner = show([route])
    expect(banner).toContain('The X  x\n  URL         https://gw.example/mcp/x\n')
    expect(banner).toContain('Upstream    https://up.example/mcp\n')
    expect(banner).toContain('Policies    sign-in → limit\n')
    expect(banner).not.toContain('\u001B')
  })

  it('warns about a server without policies', () => {
    expect(show([{ ...route, inbound: [] }])).toContain('none: anybody who reaches it may use it')
  })
})
