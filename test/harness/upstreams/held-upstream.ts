import type { ServerResponse } from 'node:http'
import { type RunningUpstream, sendJson, startUpstream } from './listen.ts'
import { handshakeResult, plainTool, textResult, toolList } from './mcp-results.ts'

/** A call that reached the upstream and waits for the test to answer it. */
export interface HeldCall {
  readonly response: ServerResponse
  /** Answers the call with a text. */
  answer(text: string): void
  /** Begins an event stream, or goes on with it, with a progress notification. */
  reportProgress(progress: number): void
  /** Resolves when the gateway closed the connection before the answer. */
  readonly cancelled: Promise<void>
}

/** An upstream whose tool `hold` answers when the test says so. */
export interface HeldUpstream extends RunningUpstream {
  /** The next call of `hold`, also one that came already. */
  nextCall(): Promise<HeldCall>
}

/** Starts an upstream with one tool, `hold`. */
export async function startHeldUpstream(): Promise<HeldUpstream> {
  const arrived: HeldCall[] = []
  const awaited: ((call: HeldCall) => void)[] = []
  const upstream = await startUpstream((message, _, response) => {
    if (message.id === undefined) return response.writeHead(202).end()
    const list = message.method === 'tools/list' ? toolList([plainTool('hold')]) : undefined
    const result = handshakeResult(message) ?? list
    if (result) return sendJson(response, { jsonrpc: '2.0', id: message.id, result })
    const call = holdCall(message.id, response)
    const waiter = awaited.shift()
    if (waiter) waiter(call)
    else arrived.push(call)
    return undefined
  })
  const nextCall = (): Promise<HeldCall> => {
    const call = arrived.shift()
    return call ? Promise.resolve(call) : new Promise((resolve) => awaited.push(resolve))
  }
  return { ...upstream, nextCall }
}

function holdCall(id: string | number, response: ServerResponse): HeldCall {
  const sendEvent = (message: object) => response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`)
  return {
    response,
    answer: (text) => {
      const result = textResult(text)
      if (!response.headersSent) return sendJson(response, { jsonrpc: '2.0', id, result })
      sendEvent({ id, result })
      response.end()
    },
    reportProgress: (progress) => {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
      sendEvent({ method: 'notifications/progress', params: { progressToken: 1, progress, total: 2 } })
    },
    cancelled: new Promise((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) resolve()
      })
    }),
  }
}
