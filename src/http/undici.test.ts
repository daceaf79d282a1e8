import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import undici from 'undici'
import { expect, test } from 'vitest'
import * as parts from './undici.ts'

test('the parts are those of the package', () => {
  const { Pool, Agent, buildConnector, errors } = undici
  expect(parts.createPool('http://127.0.0.1', {})).toBeInstanceOf(Pool)
  expect(parts.createAgent({})).toBeInstanceOf(Agent)
  expect(parts.createConnector).toBe(buildConnector)
  expect(parts.errors).toBe(errors)
})

test('neither they nor node:http load a fetch, which would take 13 MiB each', () => {
  const files = ['undici.ts', '../lib/node-http.ts'].map((path) => pathToFileURL(join(import.meta.dirname, path)).href)
  const script = `
    for (const file of ${JSON.stringify(files)}) await import(file)
    const { createRequire } = await import('node:module')
    const packaged = Object.keys(createRequire(import.meta.url).cache).filter((path) => /undici.lib.web.fetch.index/.test(path))
    const builtIn = process.moduleLoadList.filter((name) => name.includes('deps/undici'))
    console.log(JSON.stringify([...packaged, ...builtIn]))`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(JSON.parse(printed)).toEqual([])
})
