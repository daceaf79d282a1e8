import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CheckResult, type RequirementSet, readResults, suitePath } from './run-conformance.ts'
import type { ClientScenario } from './use-upstream.ts'

/** What is done with one scenario; undefined: it is not run. Returns what was seen. */
export type PlayScenario = (scenario: ClientScenario) => Promise<string> | undefined

/** Runs the client leg of the official suite, all scenarios at once; `play` is the client under test. */
export async function runClientConformance(requirements: RequirementSet, play: PlayScenario): Promise<CheckResult[]> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'))
  const runner = createServer((request, response) => void answerScenario(request, response, play))
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
    const results = await readResults(directory, '')
    if (results.length === 0) throw new Error(`The client suite ran nothing:\n${output}`)
    const authorization = await readResults(join(directory, 'auth'), '')
    return [...results, ...authorization.map((result) => ({ ...result, name: `auth/${result.name}` }))]
  } finally {
    runner.closeAllConnections()
    await new Promise((resolve) => runner.close(resolve))
    await rm(directory, { recursive: true, force: true })
  }
}

async function answerScenario(request: IncomingMessage, response: ServerResponse, play: PlayScenario): Promise<void> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  try {
    response.end((await play(JSON.parse(body) as ClientScenario)) ?? 'not run')
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
