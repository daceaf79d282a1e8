import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { completeSignIn } from '../harness/browser-login.ts'
import { type CheckResult, readResults, suitePath } from './run-conformance.ts'

/** Where the suite is called back, and for which client and resource it asks. */
export interface AuthorizationRun {
  /** Issuer, without a trailing slash. */
  readonly issuer: string
  readonly clientId: string
  readonly resource: string
  /** Port of `http://127.0.0.1:<port>/callback`, registered for the client. */
  readonly port: number
}

/** Runs the authorization-server leg of the official suite; signs in where the suite prints a URL for a person to open. */
export async function runAuthorizationConformance(options: AuthorizationRun): Promise<CheckResult[]> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'))
  const { issuer, clientId, resource, port } = options
  const args = ['authorization', '--url', issuer, '--client-id', clientId, '--resource', resource, '-p', String(port)]
  try {
    const output = await runWithPerson([...args, '-o', directory])
    const results = await readResults(directory, 'authorization-server-')
    if (results.length === 0) throw new Error(`The authorization suite ran nothing:\n${output}`)
    return results
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function runWithPerson(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [suitePath, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })
    let output = ''
    let signedIn = false
    const read = (chunk: Buffer): void => {
      output += chunk.toString('utf8')
      const url = findAuthorizationUrl(output)
      if (url === undefined || signedIn) return
      signedIn = true
      completeSignIn(url, { subject: 'conformance' }).then((callback) => void request(callback).end(), reject)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('error', reject)
    child.once('close', () => resolve(output))
  })
}

/** What the suite asks a person to open, once it is ready to be called back. */
function findAuthorizationUrl(output: string): string | undefined {
  if (!output.includes('Callback server started')) return undefined
  return /https?:\/\/\S+response_type=\S+/.exec(output)?.[0]
}
