import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors/gateway-error.ts'

/**
 * The whole request body, at most `limitBytes`. Beyond it the promise rejects with `limit_body_exceeded` (413) at once,
 * without reading the rest; the connection closes with the answer. A client that goes away rejects with `request_cancelled`.
 */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
      reject(bodyTooLarge(limitBytes))
      return
    }
    // Gone while a policy was deciding: no event would ever come.
    if (request.destroyed) {
      reject(new GatewayError('request_cancelled'))
      return
    }
    let first: Buffer | undefined
    let rest: Buffer[] | undefined
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > limitBytes) {
        request.pause()
        reject(bodyTooLarge(limitBytes))
      } else if (first === undefined) first = chunk
      else (rest ??= [first]).push(chunk)
    })
    request.on('end', () => resolve(rest ? Buffer.concat(rest, length) : (first ?? Buffer.alloc(0))))
    request.on('error', (cause) => reject(new GatewayError('request_cancelled', { cause })))
  })
}

function bodyTooLarge(limitBytes: number): GatewayError {
  return new GatewayError('limit_body_exceeded', { data: { limitBytes }, headers: { connection: 'close' } })
}
