import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CheckResult, type RequirementSet, readResults, suitePath } from './run-conformance.ts'
import { type ClientScenario, useUpstream } from './use-upstream.ts'

/**
 * Runs the client leg of the official suite, all scenarios at once, each with a gateway of its own as the client under test. What is not about
 * authorization is about the client behind a gateway, and not run.
 */
export async function runClientConformance(requirements: RequirementSet): Promise<CheckResult[]> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'))
  const runner = createServer((request, response) => void answerScenario(request, response))
  await new Promise<void>((resolve) => runner.listen(0, '127.0.0.1', resolve))
  const { port } = runner.address() as AddressInfo
  const shim = join(import.meta.dirname, 'ask-gateway.ts')
  const command = `${process.execPath} ${shim} http://127.0.0.1:${port}/`
  try {
    const args = [
      'client',
      '--command',
      command,
      '--requirements',
      requirements,
      '--timeout',
      '120000',
      '-o',
      directory,
    ]
    const output = await runSuite(args)
    const results = await readResults(join(directory, 'auth'), '')
    if (results.length === 0) throw new Error(`The client suite ran nothing:\n${output}`)
    return results.map((result) => ({ ...result, name: `auth/${result.name}` }))
  } finally {
    runner.closeAllConnections()
    await new Promise((resolve) => runner.close(resolve))
    await rm(directory, { recursive: true, force: true })
  }
}

async function answerScenario(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  try {
    const scenario = JSON.parse(body) as ClientScenario
    response.end(scenario.scenario.startsWith('auth/') ? await useUpstream(scenario) : 'not run')
  } catch (error) {
    response.writeHead(500).end(error instanceof Error ? error.stack : String(error))
  }
}

function runSuite(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [suitePath, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000 })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    child.once('error', reject)
    child.once('close', () => resolve(output))
  })
}
