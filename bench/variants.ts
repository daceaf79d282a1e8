import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Call, composeRequest, findFault, ROUTE_PATH } from './cases.ts'

/** One thing the load is put on. */
export interface Variant {
  readonly name: 'direct' | 'nginx' | 'gateway'
  readonly port: number
  readonly process: ChildProcess
  /** What its callers send besides the headers of MCP. */
  readonly headers: { readonly [name: string]: string }
  /** Whether lists come back curated. */
  readonly curated: boolean
}

/** A port that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Makes one call. Rejects when there is no answer in time. */
async function makeCall(
  variant: Pick<Variant, 'port' | 'headers'>,
  call: Call,
  timeoutMilliseconds: number,
): Promise<{ status: number; body: string }> {
  const { headers, body } = composeRequest(call, variant.headers)
  const signal = AbortSignal.timeout(timeoutMilliseconds)
  const { port } = variant
  const outgoing = request({ host: '127.0.0.1', port, path: ROUTE_PATH, method: 'POST', headers, agent: false, signal })
  outgoing.end(body)
  const [answer] = await once(outgoing, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  return { status: answer.statusCode, body: Buffer.concat(chunks).toString() }
}

/** Makes one call and returns the answer's body, which must be the right one. */
async function makeRightCall(
  variant: Omit<Variant, 'process'>,
  call: Call,
  timeoutMilliseconds = 10_000,
): Promise<string> {
  const { status, body } = await makeCall(variant, call, timeoutMilliseconds)
  const fault = findFault(call, variant.curated, status, body)
  if (fault !== undefined) throw new Error(`${variant.name} answers ${call.method} wrongly: ${fault}`)
  return body
}

/** Calls until there is an answer, which must be right. Resolves with how many calls were accepted but not answered in time. */
export async function waitUntilAnswering(
  variant: Omit<Variant, 'process'>,
  call: Call,
  timeoutMilliseconds = 20_000,
): Promise<number> {
  const deadline = performance.now() + timeoutMilliseconds
  for (let lost = 0; ; ) {
    try {
      await makeRightCall(variant, call, 1_000)
      return lost
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if ((code !== 'ECONNREFUSED' && code !== 'ABORT_ERR') || performance.now() > deadline) throw error
      if (code === 'ABORT_ERR') lost++
      await pause(2)
    }
  }
}

/** Writes what the load generator needs for one call of one variant: the request, and the only answer that counts as right. */
export async function prepareLoadFiles(variant: Variant, call: Call, directory: string) {
  const { headers, body } = composeRequest(call, variant.headers)
  const lines = [`POST ${ROUTE_PATH} HTTP/1.1`, `Host: 127.0.0.1:${variant.port}`]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  const stem = join(directory, `${variant.name}-${call.method.replace('/', '-')}${call.streamed ? '-streamed' : ''}`)
  const files = { requestFile: `${stem}.request`, bodyFile: `${stem}.body` }
  writeFileSync(files.requestFile, `${lines.join('\r\n')}\r\n\r\n${body}`)
  // The second answer: a gateway may answer the first of a list from the upstream and the rest from its cache.
  await makeRightCall(variant, call)
  writeFileSync(files.bodyFile, maskCountdown(await makeRightCall(variant, call)))
  return files
}

/** How long a list may be kept counts down from answer to answer; to the load generator a byte 1 stands for any digit. */
function maskCountdown(body: string): string {
  return body.replace(/(?<="ttlMs":)\d+/, (digits) => '\u0001'.repeat(digits.length))
}
