import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors/gateway-error.ts'
import { readBody } from './read-body.ts'

/** The form that a browser posted, at most `limitBytes`. Rejects with 415 for every other kind of body, 413 for a larger one. */
export async function readForm(request: IncomingMessage, limitBytes: number): Promise<URLSearchParams> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') throw new GatewayError('grant_request_invalid', { status: 415 })
  return new URLSearchParams((await readBody(request, limitBytes)).toString('utf8'))
}
