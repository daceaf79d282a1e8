import { type Expected, expectedOf, type Fault, pairs } from './faults.ts'
import type { StreamEnd, StreamFault } from './stream-faults.ts'

const introduction = `# When an upstream fails

What a client gets when the upstream, or the network to it, fails during a \`tools/call\`. This page is written by the test that makes every one of
these faults happen, to one call and to a dozen at once, for each pair of revisions: \`test/e2e/chaos.test.ts\` fails when a line is not true
(\`npx vitest run test/e2e/chaos.test.ts -u\` writes it anew). After each fault the test compares the open sockets, the sessions upstream and the
heap after a garbage collection with those before it, and the next call works.

- An error is a JSON-RPC error under the id of the call, with the code \`-32603\` and the reason as \`error.data.reason\`. *In the stream* means that the
  answer had begun as an event stream under status 200: the error is then its last event, so that no client waits for ever.
- The event of the call (\`capability_failed\`, for a session that is unknown \`mcp_request_rejected\`) carries the same reason; [the reference](../reference/reasons.md) says what each one means and what to do.
- *Within* names the limit that ends the wait ([\`limits\`](../reference/configuration.md)); without one the answer comes as soon as the fault shows.
- A call is never sent a second time by itself once the upstream may have begun to carry it out. Only a refusal that says that nothing was done
  (404 to a session id) leads to a new session and one more try, and only where the client has no session of its own to begin anew.

2025 stands for 2025-11-25 and older revisions, 2026 for 2026-07-28.
`

const streams = `## Open streams

The same for streams that wait for something to happen: the GET stream of a session (2025) and \`subscriptions/listen\` (2026). *Goes on*: the gateway
listens anew upstream, the client does not notice, and what happens afterwards is told. What happened in between is not, so a client does well to list
again now and then. *Ends*: the client opens another one, which works.
`

/** The published page about faults. */
export function describeFaults(faults: readonly Fault[], streamFaults: readonly StreamFault[]): string {
  const heads = ['fault', 'what happens', 'within', ...pairs.map((pair) => pair.replace('>', '→'))]
  const rows = faults.map((fault) => [
    fault.name,
    fault.what,
    fault.limit === undefined ? '–' : `\`${fault.limit}\``,
    ...pairs.map((pair) => describe(expectedOf(fault, pair))),
  ])
  const streamRows = streamFaults.map(({ name, what, answer }) => [
    name,
    what,
    ...pairs.map((pair) => describeEnd(answer[pair])),
  ])
  const streamHeads = heads.filter((head) => head !== 'within')
  return `${introduction}\n${renderTable(heads, rows)}\n${streams}\n${renderTable(streamHeads, streamRows)}`
}

function renderTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

function describeEnd(end: StreamEnd): string {
  return end.includes('_') ? `ends with \`${end}\`` : end
}

function describe(expected: Expected | undefined): string {
  if (expected === undefined) return 'no such thing'
  if ('text' in expected) return 'the answer'
  const { reason, status } = expected
  return typeof status === 'number' ? `${status} \`${reason}\`` : `\`${reason}\` in the stream`
}
