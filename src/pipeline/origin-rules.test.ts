import { expect, test } from 'vitest'
import type { CorsPolicy, Project } from '../config/project.ts'
import { settingsSchema } from '../config/project-schema.ts'
import { exposedHeaders, preflightHeaders } from '../http/cors.ts'
import { originRules } from './origin-rules.ts'

const project: Pick<Project, 'publicUrl' | 'settings' | 'mode'> = {
  publicUrl: 'https://mcp.example.com',
  settings: settingsSchema.parse({ version: 1, allowedOrigins: ['https://app.example'] }),
  mode: 'start',
}

const policy: CorsPolicy = {
  name: 'partners',
  allowedOrigins: ['https://*.partner.example'],
  allowedMethods: ['POST'],
  allowedHeaders: ['*'],
  exposeHeaders: ['X-Total'],
  maxAgeSeconds: 60,
  allowCredentials: false,
}

test('the gateway itself, allowedOrigins and the policy of the route', () => {
  const rules = originRules(policy, project)
  for (const origin of ['https://mcp.example.com', 'https://app.example', 'https://a.partner.example']) {
    expect(rules.isAllowed(origin)).toBe(true)
  }
  expect(originRules(undefined, project).isAllowed('https://a.partner.example')).toBe(false)
})

test('pages of this machine in dev only', () => {
  expect(originRules(undefined, project).isAllowed('http://localhost:6274')).toBe(false)
  expect(originRules(undefined, { ...project, mode: 'dev' }).isAllowed('http://localhost:6274')).toBe(true)
})

test('`*` lets a page send Authorization, which no browser lets a literal `*` allow', () => {
  const asked = { 'access-control-request-headers': 'authorization,content-type' }
  const headers = preflightHeaders(originRules(policy, project), 'https://a.partner.example', asked)
  expect(headers[headers.indexOf('access-control-allow-headers') + 1]).toBe('authorization,content-type')
})

test('a list of headers is answered as it is', () => {
  expect(originRules({ ...policy, allowedHeaders: ['Authorization'] }, project).allowedHeaders).toBe('Authorization')
})

test('what a policy exposes comes on top of what MCP and OAuth need', () => {
  expect(originRules(policy, project).exposeHeaders).toBe(`${exposedHeaders}, X-Total`)
})
