import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'

/** One JSON-RPC message of a stream. */
export interface StreamedMessage {
  readonly id?: string | number
  readonly method?: string
  readonly params?: { readonly [name: string]: unknown }
  readonly result?: { readonly [name: string]: unknown }
  readonly error?: { readonly code: number; readonly message: string }
}

/** An answer that is read while it arrives. */
export interface OpenAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The next message; rejects when the answer ends before it. */
  next(): Promise<StreamedMessage>
  /** Everything that came so far. */
  text(): string
  /** Resolves when the answer ended or broke off. */
  readonly ended: Promise<void>
  /** Hangs up. */
  close(): void
}

/** Sends a request and resolves with the first byte of its answer. */
export function openAnswer(
  url: string,
  headers: { readonly [name: string]: string },
  body?: object,
  method = body ? 'POST' : 'GET',
): Promise<OpenAnswer> {
  const accept = method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream'
  const type = body ? { 'content-type': 'application/json' } : {}
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent: false, headers: { accept, ...type, ...headers } }, (response) =>
      resolve(readAnswer(response, () => sent.destroy())),
    )
    sent.on('error', reject)
    sent.end(body && JSON.stringify(body))
  })
}

function readAnswer(response: IncomingMessage, close: () => void): OpenAnswer {
  let text = ''
  const messages: StreamedMessage[] = []
  const waiting: PromiseWithResolvers<StreamedMessage>[] = []
  let rest = ''
  const ended = new Promise<void>((resolve) => response.once('close', resolve))
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const events = (rest + chunk).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const data = event.split('\n').find((line) => line.startsWith('data: '))
      if (data === undefined || data === 'data: ') continue
      const message = JSON.parse(data.slice('data: '.length)) as StreamedMessage
      const waiter = waiting.shift()
      if (waiter) waiter.resolve(message)
      else messages.push(message)
    }
  })
  response.on('error', () => undefined)
  void ended.then(() => {
    for (const waiter of waiting.splice(0)) waiter.reject(new Error(`The answer ended: ${text}`))
  })
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    next: () => {
      const known = messages.shift()
      if (known !== undefined) return Promise.resolve(known)
      const waiter = Promise.withResolvers<StreamedMessage>()
      waiting.push(waiter)
      return waiter.promise
    },
    text: () => text,
    ended,
    close,
  }
}
