import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { z } from 'zod'
import { asGatewayError, type GatewayError } from '../errors/gateway-error.ts'
import { renderError } from '../errors/render-error.ts'
import type { OperationDeclaration, StreamedItem } from './operation.ts'

/** How often an idle stream says that it is there. Milliseconds. */
const heartbeatMs = 15_000

/** Sends what an operation answered. Nothing is sent that the declaration does not have: members that it does not know are left out. */
export function sendAnswer(
  response: ServerResponse,
  { answer, status }: OperationDeclaration,
  value: unknown,
  headers: { readonly [name: string]: string },
): void {
  if (answer === undefined) {
    response.writeHead(204, headers).end()
    return
  }
  const body = JSON.stringify(answer.parse(value))
  response
    .writeHead(status ?? 200, {
      ...headers,
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
    })
    .end(body)
}

/** Sends a refusal as a problem document. */
export function sendProblem(response: ServerResponse, thrown: unknown, requestId: string): GatewayError {
  const error = asGatewayError(thrown)
  if (response.headersSent) {
    response.destroy()
    return error
  }
  const { status, contentType, body } = renderError(error, 'problem', requestId)
  const length = String(Buffer.byteLength(body))
  response
    .writeHead(status, { ...error.details.headers, 'content-type': contentType, 'content-length': length })
    .end(body)
  return error
}

/**
 * Sends events as they come (HTML §9.2). A reader that does not keep up is waited for; the source is told by
 * that it is not asked. `isAllowed` is asked with every heartbeat: the stream ends with the session.
 */
export async function sendEvents(
  response: ServerResponse,
  schema: z.ZodType,
  items: AsyncIterable<StreamedItem<unknown>>,
  signal: AbortSignal,
  isAllowed: () => Promise<boolean>,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
  response.write(': begin\n\n')
  const heartbeat = setInterval(() => {
    isAllowed().then(
      (allowed) => (allowed ? void response.write(': \n\n') : response.end()),
      () => response.end(),
    )
  }, heartbeatMs)
  try {
    for await (const item of items) {
      if (signal.aborted || response.writableEnded) break
      const event = `id: ${item.id}\ndata: ${JSON.stringify(schema.parse(item.data))}\n\n`
      if (!response.write(event)) await once(response, 'drain', { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    clearInterval(heartbeat)
    response.end()
  }
}
