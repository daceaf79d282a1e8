import type { McpAnswer } from '../../contracts/handler.ts'
import { eventData } from '../../http/split-events.ts'

/** The same answer; `observer` sees the JSON-RPC response in it on the way. It costs a look at each event and no copy. */
export function observeAnswer(answer: McpAnswer, observer: (response: Buffer) => void): McpAnswer {
  if (answer.kind === 'json') {
    observer(answer.body)
    return answer
  }
  return {
    kind: 'stream',
    status: answer.status,
    headers: answer.headers,
    upstreamMs: answer.upstreamMs,
    resume: () => answer.resume(),
    cancel: () => answer.cancel(),
    read: (reader) =>
      answer.read({
        onEvent(event) {
          const data = event.includes('"result"') ? eventData(event) : undefined
          if (data !== undefined) observer(data)
          return reader.onEvent(event)
        },
        onEnd: (error) => reader.onEnd(error),
      }),
  }
}
