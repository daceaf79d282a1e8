import { request } from 'undici'
import { expect } from 'vitest'
import type { GatewayEvent } from '../../src/analytics/event.ts'
import type { ReasonCode } from '../../src/errors/reasons.ts'

/** What came back, as an attacker sees it. */
export interface RawAnswer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly text: string
}

/** How an attack ends. */
export interface Refusal {
  readonly status: number
  /** OAuth error code, in the JSON body or in the redirect. Absent: a page. */
  readonly error?: string
  readonly reason: ReasonCode
}

/** One named attack and how it ends. */
export interface Attack {
  readonly name: string
  readonly attempt: () => Promise<RawAnswer>
  readonly refusal: Refusal
}

/** Sends exactly what it is told to; redirects are not followed. */
export async function sendRaw(
  url: string | URL,
  options: { method?: string; headers?: { [name: string]: string }; body?: string | Buffer } = {},
): Promise<RawAnswer> {
  const { method = options.body === undefined ? 'GET' : 'POST', headers = {}, body = null } = options
  const answer = await request(url, { method, headers, body })
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
}

/** Sends a form, as text, so that it may repeat members. */
export function sendForm(url: string, form: string, headers: { [name: string]: string } = {}): Promise<RawAnswer> {
  return sendRaw(url, { headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body: form })
}

/** The attack failed with this error, gave nothing away, and the event of this very request says why. */
export function expectRefusal(events: readonly GatewayEvent[], answer: RawAnswer, refusal: Refusal): void {
  expect({ status: answer.status, error: readError(answer) }).toEqual({ status: refusal.status, error: refusal.error })
  expect(answer.text).not.toMatch(/access_token|refresh_token"/)
  expect(String(answer.headers['location'] ?? '')).not.toMatch(/[?&#]code=|evil\.example/)
  const own = events.filter((event) => event.requestId === answer.headers['x-request-id'])
  expect(own.map(({ reason }) => reason)).toContain(refusal.reason)
  for (const event of own) if (event.reason !== null) expect(event.outcome).not.toBe('success')
}

function readError({ headers, text }: RawAnswer): string | undefined {
  const { location } = headers
  if (typeof location === 'string') {
    const url = URL.parse(location)
    const inFragment = new URLSearchParams(url?.hash.slice(1))
    return url?.searchParams.get('error') ?? inFragment.get('error') ?? undefined
  }
  if (!String(headers['content-type']).startsWith('application/json') || text === '') return undefined
  const body = JSON.parse(text) as { error?: unknown }
  return typeof body.error === 'string' ? body.error : undefined
}
