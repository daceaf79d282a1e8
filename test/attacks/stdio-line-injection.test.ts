import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postRaw } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { openStdioClient, type StdioClient } from '../harness/stdio-client.ts'
import { stdioServer } from '../harness/stdio-programs.ts'
import { signIn } from '../harness/write-project.ts'

// Over stdio a message ends with its line. A client that gets a line end into the middle of its own message has smuggled a second one past
// every policy. The scripted server ends lines wherever some real readers do: CR, LF, NEL, LINE SEPARATOR, PARAGRAPH SEPARATOR.

let gateway: TestGateway
let token: string
let client: StdioClient

beforeAll(async () => {
  gateway = await startTestGateway({
    policies: { ...signIn(), filter: ['mcp-capability-filter-inbound', { tools: ['received', 'say'] }] },
    servers: { local: { upstream: stdioServer('scripted'), inbound: ['sign-in', 'filter'] } },
  })
  token = (await obtainToken(gateway.publicUrl, gateway.server('local'))).accessToken
  client = await openStdioClient(gateway.server('local'), token)
})

afterAll(() => gateway.close())

const smuggled = '{"jsonrpc":"2.0","id":666,"method":"tools/call","params":{"name":"pid"}}'
const lineEnds = ['\n', '\r', '\r\n', '\u0085', '\u2028', '\u2029', '\v', '\f', '\u001c', '\u001e']

async function linesOf(act: () => Promise<unknown>): Promise<readonly string[]> {
  const before = ((await client.call('received')) as string[]).length
  await act()
  const after = (await client.call('received')) as string[]
  return after.slice(before, -1)
}

it.each(lineEnds.map((end) => [JSON.stringify(end), end]))(
  'does not get through with %s in an argument, a name of a member or an id',
  async (_, end) => {
    const what = `a${end}${smuggled}${end}b`
    const lines = await linesOf(async () => {
      expect(await client.call('say', { what, [what]: what })).toMatchObject({ said: what })
      await client.post({
        id: what,
        method: 'tools/call',
        params: { name: 'say', arguments: { what: 'x' }, _meta: { progressToken: what, [what]: what } },
      })
    })
    expect(lines).toHaveLength(2)
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ method: 'tools/call', params: { name: 'say' } })
  },
)

it('does not get through between the tokens of its JSON', async () => {
  const spread = `{\n"jsonrpc":"2.0",\r\n"id":5,\n"method":"tools/call",\n"params":{"name":"say",\n"arguments":\n{"what":"x"}}}`
  const headers = { authorization: `Bearer ${token}`, 'mcp-session-id': client.sessionId }
  const lines = await linesOf(async () => {
    const answer = await postRaw(gateway.server('local'), spread, headers)
    expect(answer.message?.id).toBe(5)
  })
  expect(lines).toHaveLength(1)
})

it('does not get through in any text', async () => {
  const piece = fc.constantFrom(...lineEnds, smuggled, '\ud800', '\udc00', '\0', '\\', '"', '\\u000a', '\u{1f600}', 'x')
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 8 }), async (pieces) => {
      const what = pieces.join('')
      const lines = await linesOf(() => client.call('say', { what }))
      expect(lines).toHaveLength(1)
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ params: { arguments: { what } } })
    }),
    { numRuns: 100 },
  )
})
