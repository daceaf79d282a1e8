import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Entry of the official conformance suite. */
export const suitePath = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js')

/** The sets of server requirements that the suite froze per protocol revision. */
export type RequirementSet = '2025-11-25' | '2026-07-28'

/** Older revisions, for which nothing is frozen: everything the suite has for them is run. */
export type OlderRevision = '2025-06-18' | '2025-03-26'

/** One check of the suite: `<scenario>/<check id>` and what came of it. */
export interface CheckResult {
  readonly name: string
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'
  readonly message: string | undefined
}

/** Runs the server leg of the official conformance suite against a URL and returns every check of every scenario. */
export async function runConformance(
  url: string,
  requirements: RequirementSet | OlderRevision,
): Promise<CheckResult[]> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'))
  try {
    const output = await runSuite(['server', '--url', url, ...selectScenarios(requirements), '-o', directory])
    const results = await readResults(directory)
    if (results.length === 0) throw new Error(`The conformance suite ran nothing:\n${output}`)
    return results
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function selectScenarios(requirements: RequirementSet | OlderRevision): string[] {
  return requirements === '2025-06-18' || requirements === '2025-03-26'
    ? ['--suite', 'all', '--spec-version', requirements]
    : ['--requirements', requirements]
}

/** Its exit code says whether scored scenarios failed; we compare check by check instead. */
function runSuite(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [suitePath, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    child.once('error', reject)
    child.once('close', () => resolve(output))
  })
}

/** Reads what the suite wrote into its output directory. */
export async function readResults(directory: string, prefix = 'server-'): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const entry of (await readdir(directory)).sort()) {
    const scenario = /^(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(entry)?.[1]
    if (!scenario?.startsWith(prefix)) continue
    const checks = JSON.parse(await readFile(join(directory, entry, 'checks.json'), 'utf8')) as RawCheck[]
    results.push(...mergeChecks(scenario.slice(prefix.length), checks))
  }
  return results
}

interface RawCheck {
  readonly id: string
  readonly status: CheckResult['status']
  readonly errorMessage?: string
}

/** A scenario may report one check several times: it fails if any of them fails. */
function mergeChecks(scenario: string, checks: readonly RawCheck[]): CheckResult[] {
  const merged = new Map<string, CheckResult>()
  for (const { id, status, errorMessage } of checks) {
    const name = `${scenario}/${id}`
    const known = merged.get(name)
    if (known === undefined || status === 'FAILURE') merged.set(name, { name, status, message: errorMessage })
  }
  return [...merged.values()]
}
