import { expect, test } from 'vitest'
import { compileProject } from './compile-project.ts'
import { findFixedSettings } from './find-fixed-settings.ts'
import { parseProject } from './load-project.ts'
import type { Project } from './project.ts'

async function compile(settings: object): Promise<Project> {
  const texts = {
    'sallyport.jsonc': { version: 1, ...settings },
    'config/routes.oas.json': { openapi: '3.1.0', info: { title: 'T', version: '1' }, paths: {} },
    'config/policies.json': { policies: [] },
  }
  const files = new Map(Object.entries(texts).map(([file, value]) => [file, Buffer.from(JSON.stringify(value))]))
  const sources = await parseProject('/project', files, [], {})
  const compiled = compileProject(sources, { policyTypes: [], handlerTypes: [], mode: 'dev' })
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.project
}

async function namesOfFixed(before: object, after: object): Promise<readonly string[]> {
  return findFixedSettings(await compile(before), await compile(after)).map(({ path }) => path)
}

test('a setting that is read once cannot change, whatever kind of value it has', async () => {
  const stored = (host: string) => ({ events: { postgres: { url: `postgres://gateway:password@${host}/events` } } })
  const exported = (headers: object) => ({ telemetry: { otlp: { url: 'https://collector.example', headers } } })
  expect(await namesOfFixed(stored('db.example'), stored('evil.example'))).toEqual(['events'])
  expect(await namesOfFixed(exported({ key: 'one' }), exported({ key: 'other' }))).toEqual(['telemetry'])
  expect(await namesOfFixed({ admin: { listen: { port: 1 } } }, { admin: { listen: { port: 2 } } })).toEqual([
    'admin.listen',
  ])
})

test('what is written in another order, or may change at any time, is not among them', async () => {
  const exported = (headers: object) => ({ telemetry: { otlp: { url: 'https://collector.example', headers } } })
  expect(await namesOfFixed(exported({ a: '1', b: '2' }), exported({ b: '2', a: '1' }))).toEqual([])
  expect(await namesOfFixed({}, { admin: { readOnly: true }, allowedHosts: ['gateway.example'] })).toEqual([])
})
