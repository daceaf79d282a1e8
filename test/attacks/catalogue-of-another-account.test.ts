import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, openPage, readFormToken } from '../harness/browser-login.ts'
import { connectPerson, findConnectLink } from '../harness/connect-person.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'
import { handshakeResult, plainTool, toolList } from '../harness/upstreams/mcp-results.ts'
import { signIn } from '../harness/write-project.ts'

// The upstream says that its list may be shared with everybody for a minute, although each account has another one. Nobody may see what
// belongs to another account: neither that of somebody else, nor that of one's own former account.
let upstream: RunningUpstream
let gateway: TestGateway
beforeAll(async () => {
  upstream = await startUpstream((message, request, response) => {
    const key = request.headers['x-key']
    if (typeof key !== 'string') return response.writeHead(401).end()
    const list = message.method === 'tools/list' ? toolList([plainTool(`tool_of_${key}`)], 60_000) : undefined
    return sendJson(response, { jsonrpc: '2.0', id: message.id, result: handshakeResult(message) ?? list ?? {} })
  })
  const account = {
    id: 'files',
    displayName: 'Files',
    authMode: 'user-api-key',
    apiKey: { header: 'x-key', scheme: '' },
  }
  gateway = await startTestGateway({
    servers: { files: { upstream: upstream.url, inbound: ['sign-in', 'account'] } },
    policies: { ...signIn(), account: ['mcp-token-exchange-inbound', account] },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const list = (token: string) => postModern(gateway.server('files'), token, 'tools/list')
const namesIn = ({ message }: Awaited<ReturnType<typeof list>>) =>
  (message?.result?.['tools'] as { name: string }[] | undefined)?.map(({ name }) => name)

async function connect(token: string, subject: string, key: string): Promise<void> {
  const { text } = await postModern(gateway.server('files'), token, 'tools/call', {
    name: 'connect_files',
    arguments: {},
  })
  await connectPerson(findConnectLink(text) ?? '', { subject, key })
}

async function disconnect(subject: string): Promise<void> {
  const browser = openBrowser()
  const signInPage = await openPage(browser, `${gateway.publicUrl}/auth/connections`)
  const form = { form_token: readFormToken(signInPage), name: subject }
  await browser.post(signInPage.url, form)
  const page = await openPage(browser, `${gateway.publicUrl}/auth/connections/files/disconnect`)
  await browser.post(page.url, { form_token: readFormToken(page) })
}

test('a list is seen under the account it was made for, and no other', async () => {
  const { accessToken: ada } = await obtainToken(gateway.publicUrl, gateway.server('files'), 'ada')
  const { accessToken: bob } = await obtainToken(gateway.publicUrl, gateway.server('files'), 'bob')
  await connect(ada, 'ada', 'first')
  expect(namesIn(await list(ada))).toEqual(['tool_of_first'])
  expect(namesIn(await list(bob))).toEqual(['connect_files'])
  await connect(bob, 'bob', 'second')
  expect(namesIn(await list(bob))).toEqual(['tool_of_second'])
  await disconnect('ada')
  expect(namesIn(await list(ada))).toEqual(['connect_files'])
  await connect(ada, 'ada', 'third')
  expect(namesIn(await list(ada))).toEqual(['tool_of_third'])
  expect(namesIn(await list(bob))).toEqual(['tool_of_second'])
})
