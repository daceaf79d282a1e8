import { fileURLToPath } from 'node:url'
import { cores, readOutput, startProcess } from './processes.ts'
import type { Sample } from './statistics.ts'
import type { Variant } from './variants.ts'

/** What clients and people ask of the authorization server. */
export type Operation = 'refresh' | 'register' | 'sign-in'

/** One operation by a number of clients, each of which waits for its answer before it asks again. */
export interface AuthorizationCase {
  readonly name: string
  readonly concurrency: number
  readonly operation: Operation
  /**
   * Operations in a whole run at most. The server's own limits (src/oauth/authorization-server/limit-requests.ts) stay on, so this
   * is what they let through in one window: 100,000 token requests, 3,000 registrations, and 1,500 sign-ins, since dev login is for
   * 127.0.0.1 only, which may open 3,000 pages and needs two for each. The refresh case signs its clients in as well.
   */
  readonly budget: number
}

/** What one run of the load on the authorization server says. Times in microseconds. */
export type AuthorizationResult = Sample & { readonly errors: number; readonly firstError: string }

/** What is measured of the authorization server, in the order of the report. */
export const authorizationCases: readonly AuthorizationCase[] = [
  { name: 'refresh-16', concurrency: 16, operation: 'refresh', budget: 80_000 },
  { name: 'register-16', concurrency: 16, operation: 'register', budget: 2_700 },
  { name: 'sign-in-8', concurrency: 8, operation: 'sign-in', budget: 1_000 },
]

/** Puts load on the gateway's authorization server from a process of its own. Rejects when anything was answered wrongly. */
export async function measureAuthorization(
  each: AuthorizationCase,
  gateway: Variant,
  limits: { readonly milliseconds: number; readonly operations: number },
): Promise<Sample> {
  const program = fileURLToPath(import.meta.resolve('./authorization-load.ts'))
  const numbers = [gateway.port, gateway.process.pid, each.concurrency, limits.milliseconds, limits.operations]
  const args = [program, each.operation, ...numbers.map(String)]
  const load = startProcess(process.execPath, args, { core: cores.load })
  const { errors, firstError, ...sample } = JSON.parse(await readOutput(load)) as AuthorizationResult
  if (errors > 0) throw new Error(`${errors} failed operations: ${firstError}`)
  return sample
}
