// What an aggregate costs: `tools/list` of 500 tools from 1, 10 and 50 upstreams, healthy and with one that keeps silent.
// Run: node bench/aggregate.ts [--lists 200]. Prints a table of medians. Upstreams run in a process of their own.
import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { request } from 'undici'
import { startGateway } from '../src/gateway.ts'
import { computeMedian } from './statistics.ts'

const allTools = 500
const memberSeconds = 1
const { values } = parseArgs({ options: { lists: { type: 'string', default: '200' }, upstreams: { type: 'string' } } })

const listBody = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/list',
  params: {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
})

if (values.upstreams === undefined) await measureAll(Number(values.lists))
else serveUpstreams(Number(values.upstreams))

/** Child process: as many upstreams, each with its part of the tools, and one that takes connections and says nothing. */
function serveUpstreams(count: number): void {
  const tools = Array.from({ length: Math.ceil(allTools / count) }, (_, index) => ({
    name: `tool_${index}`,
    description: 'Does one of many things to one of many others, and says how that went. '.repeat(3),
    inputSchema: { type: 'object', properties: { id: { type: 'string' }, note: { type: 'string' } }, required: ['id'] },
  }))
  const list = JSON.stringify({ resultType: 'complete', tools, ttlMs: 0, cacheScope: 'public' })
  const servers = Array.from({ length: count }, () =>
    createServer((incoming, response) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const { id } = JSON.parse(Buffer.concat(chunks).toString()) as { id: unknown }
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${list}}`)
      })
    }),
  )
  const silent = createTcpServer()
  process.once('disconnect', () => process.exit())
  let listening = 0
  for (const server of [...servers, silent]) {
    server.listen(0, '127.0.0.1', () => {
      if (++listening <= servers.length) return
      process.send?.([...servers, silent].map((each) => (each.address() as AddressInfo).port))
    })
  }
}

async function measureAll(lists: number): Promise<void> {
  console.log(`| upstreams | one dead | first list | median | p99 | gateway CPU per list |\n|---|---|---|---|---|---|`)
  for (const count of [1, 10, 50]) {
    for (const isOneDead of [false, true]) console.log(await measure(count, isOneDead, lists))
  }
}

async function measure(count: number, isOneDead: boolean, lists: number): Promise<string> {
  const child = fork(import.meta.filename, ['--upstreams', String(count)])
  const ports = await new Promise<number[]>((resolve) => {
    child.once('message', (message) => resolve(message as number[]))
  })
  const silent = ports.at(-1) ?? 0
  const used = ports.slice(0, count).map((port, index) => (isOneDead && index === count - 1 ? silent : port))
  const directory = writeProject(used)
  const gateway = await startGateway({ projectDirectory: directory, mode: 'dev' })
  try {
    const url = `${gateway.publicUrl}/mcp/hub`
    const firstMs = await listOnce(url, isOneDead ? 0 : allTools)
    const before = process.cpuUsage()
    const taken: number[] = []
    for (let index = 0; index < lists; index++) taken.push(await listOnce(url, 0))
    const { user, system } = process.cpuUsage(before)
    const sorted = taken.toSorted((left, right) => left - right)
    const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0
    const cpuMs = (user + system) / 1000 / lists
    const cells = [firstMs, computeMedian(taken) ?? 0, p99, cpuMs].map((ms) => `${ms.toFixed(1)} ms`)
    return `| ${count} | ${isOneDead ? 'yes' : 'no'} | ${cells.join(' | ')} |`
  } finally {
    await gateway.close()
    child.kill()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Milliseconds of one list, which must have at least so many tools. */
async function listOnce(url: string, fewest: number): Promise<number> {
  const startedAtMs = performance.now()
  const answer = await request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
    },
    body: listBody,
  })
  const text = await answer.body.text()
  const takenMs = performance.now() - startedAtMs
  const { result } = JSON.parse(text) as { result?: { tools: unknown[] } }
  if (result === undefined || result.tools.length < fewest) throw new Error(text.slice(0, 500))
  return takenMs
}

function writeProject(ports: readonly number[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  mkdirSync(join(directory, 'config'))
  const route = (name: string, handler: object, internal = false) => ({
    post: { operationId: name, 'x-gateway-route': { handler: { module: '$import(sallyport)', ...handler }, internal } },
  })
  const members = Object.fromEntries(ports.map((_, index) => [`m${index}`, { route: `server-${index}` }]))
  const paths: { [path: string]: object } = {
    '/mcp/hub': route('hub', { export: 'McpAggregateHandler', options: { members, memberSeconds } }),
  }
  for (const [index, port] of ports.entries()) {
    const options = { rewritePattern: `http://127.0.0.1:${port}/mcp` }
    paths[`/mcp/${index}`] = route(`server-${index}`, { export: 'McpProxyHandler', options }, true)
  }
  const settings = { version: 1, listen: { port: 0 }, telemetry: { logLevel: 'error' } }
  writeFileSync(join(directory, 'sallyport.jsonc'), JSON.stringify(settings))
  writeFileSync(join(directory, 'config/policies.json'), JSON.stringify({ policies: [] }))
  const info = { title: 'Benchmark', version: '1' }
  writeFileSync(join(directory, 'config/routes.oas.json'), JSON.stringify({ openapi: '3.1.0', info, paths }))
  return directory
}
