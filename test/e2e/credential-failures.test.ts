import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ReasonCode, reasons } from '../../src/errors/reasons.ts'
import { connectPerson, findConnectLink, followConnectLink } from '../harness/connect-person.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { callTool, type PostAnswer, postModern } from '../harness/post-message.ts'
import type { BehaviourChange, FaultAnswer } from '../harness/protected-upstream/behaviour.ts'
import {
  type ProtectedUpstream,
  startProtectedUpstream,
} from '../harness/protected-upstream/start-protected-upstream.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn } from '../harness/write-project.ts'

// Whatever the upstream or its authorization server does wrong: who called learns what happened and what to do, and the event says why.
interface Failure {
  readonly name: string
  readonly behaviour: BehaviourChange
  /** Options of the policy besides `user-oauth`. */
  readonly options?: object
  readonly reason: ReasonCode
}

let upstream: ProtectedUpstream
let gateway: TestGateway
beforeEach(async () => {
  upstream = await startProtectedUpstream()
})
afterEach(async () => {
  await gateway.close()
  await upstream.stop()
})

const server = () => gateway.server('echo')
const start = async (options: object = {}): Promise<string> => {
  const account = { id: 'echo', displayName: 'Echo', authMode: 'user-oauth', ...options }
  gateway = await startTestGateway({
    servers: { echo: { upstream: upstream.mcpUrl, inbound: ['sign-in', 'account'] } },
    policies: { ...signIn(), account: ['mcp-token-exchange-inbound', account] },
  })
  return (await obtainToken(gateway.publicUrl, server())).accessToken
}
const linkIn = ({ text }: PostAnswer): string => {
  const link = findConnectLink(text)
  if (link === undefined) throw new Error(`no link: ${text}`)
  return link
}
const failed = (type: string, reason: ReasonCode) =>
  gateway.waitForEvent((event) => event.type === type && event.reason === reason)

const html: FaultAnswer = { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Welcome</h1>' }
const unavailable: FaultAnswer = { status: 503, body: '<h1>Down</h1>' }
const busy: FaultAnswer = { status: 429, headers: { 'retry-after': '7' }, body: { error: 'slow_down' } }
const oauthError = (error: string, status = 400): FaultAnswer => ({ status, body: { error } })
const clientOf = (clientSecret: string) => ({
  clientRegistration: { mode: 'manual', clientId: 'gateway', clientSecret },
})
const manual: BehaviourChange = {
  primary: { registration: 'manual', manualClients: [{ clientId: 'gateway', clientSecret: 'right' }] },
}

const connecting: readonly Failure[] = [
  {
    name: 'nobody says how to sign in, and nobody is where 2025-03-26 expects them',
    behaviour: { resource: { metadataPlace: 'absent' }, origin: { registration: 'manual', metadataPlace: 'absent' } },
    reason: 'credential_registration_refused',
  },
  {
    name: 'the metadata of the resource is a page',
    behaviour: { faults: [{ at: 'resource-metadata', do: html }] },
    reason: 'credential_discovery_failed',
  },
  {
    name: 'the metadata names another resource',
    behaviour: { resource: { metadataResource: 'https://evil.example/mcp' } },
    reason: 'credential_discovery_failed',
  },
  {
    name: 'the metadata of the server is nowhere',
    behaviour: { primary: { metadataPlace: 'absent' } },
    reason: 'credential_discovery_failed',
  },
  {
    name: 'the metadata of the server names another issuer',
    behaviour: { primary: { metadataIssuer: 'https://evil.example' } },
    reason: 'credential_issuer_mismatch',
  },
  {
    name: 'the server does not offer PKCE',
    behaviour: { primary: { pkceMethods: undefined } },
    reason: 'credential_pkce_unsupported',
  },
  {
    name: 'the server offers plain PKCE only',
    behaviour: { primary: { pkceMethods: ['plain'] } },
    reason: 'credential_pkce_unsupported',
  },
  {
    name: 'the server registers nobody',
    behaviour: { primary: { registration: 'manual' } },
    reason: 'credential_registration_refused',
  },
  {
    name: 'the server refuses the registration',
    behaviour: { faults: [{ at: 'register', do: oauthError('invalid_redirect_uri') }] },
    reason: 'credential_registration_refused',
  },
  {
    name: 'the server is busy at registration',
    behaviour: { faults: [{ at: 'register', do: busy }] },
    reason: 'credential_provider_busy',
  },
  {
    name: 'the server is down at discovery',
    behaviour: { faults: [{ at: 'server-metadata', do: unavailable }] },
    reason: 'credential_provider_unreachable',
  },
  {
    name: 'the server hangs up at discovery',
    behaviour: { faults: [{ at: 'server-metadata', do: 'hang-up' }] },
    reason: 'credential_provider_unreachable',
  },
  {
    name: 'the person refuses',
    behaviour: { primary: { refuse: true } },
    reason: 'connection_refused',
  },
  {
    name: 'the answer carries another issuer',
    behaviour: { primary: { iss: 'wrong' } },
    reason: 'credential_issuer_mismatch',
  },
  {
    name: 'the answer lacks the issuer that was promised',
    behaviour: { primary: { iss: 'absent' } },
    reason: 'credential_issuer_mismatch',
  },
  {
    name: 'the answer carries another issuer that nobody promised',
    behaviour: { primary: { iss: 'wrong', advertiseIss: false } },
    reason: 'credential_issuer_mismatch',
  },
  {
    name: 'the secret of the client is wrong',
    behaviour: manual,
    options: clientOf('wrong'),
    reason: 'credential_client_rejected',
  },
  {
    name: 'the token endpoint answers a page',
    behaviour: { faults: [{ at: 'token', do: html }] },
    reason: 'credential_response_invalid',
  },
  {
    name: 'the token endpoint answers without a token',
    behaviour: { faults: [{ at: 'token', do: { status: 200, body: { token_type: 'Bearer' } } }] },
    reason: 'credential_response_invalid',
  },
  {
    name: 'the token is of a type that cannot be used',
    behaviour: {
      faults: [{ at: 'token', do: { status: 200, body: { access_token: 'x'.repeat(20), token_type: 'mac' } } }],
    },
    reason: 'credential_response_invalid',
  },
  {
    name: 'the token is over before it is used: clocks differ',
    behaviour: { primary: { expiresIn: -30 } },
    reason: 'credential_response_invalid',
  },
  {
    name: 'the token endpoint is down',
    behaviour: { faults: [{ at: 'token', do: unavailable }] },
    reason: 'credential_provider_unreachable',
  },
  {
    name: 'the token endpoint is busy',
    behaviour: { faults: [{ at: 'token', do: busy }] },
    reason: 'credential_provider_busy',
  },
]

describe('connecting fails when', () => {
  it.each(connecting)('$name', async ({ behaviour, options, reason }) => {
    await upstream.setBehaviour(behaviour)
    const token = await start(options)
    const page = await followConnectLink(linkIn(await callTool(server(), token, 'whoami')), { subject: 'ada' })
    expect(page.status).toBeGreaterThanOrEqual(400)
    expect(page.text).toContain(reason)
    expect(page.text).not.toContain('evil.example')
    expect(await failed('auth_upstream_failed', reason)).toMatchObject({
      subject: 'ada',
      upstream: new URL(upstream.mcpUrl).host,
    })
    expect(findConnectLink((await callTool(server(), token, 'whoami')).text)).toBeDefined()
  })

  it('the link was used before', async () => {
    const token = await start()
    const link = linkIn(await callTool(server(), token, 'whoami'))
    await connectPerson(link, { subject: 'ada' })
    const page = await followConnectLink(link, { subject: 'ada' })
    expect(page).toMatchObject({ status: 403, text: expect.stringContaining('connection_link_invalid') })
  })

  it('the upstream refuses the key', async () => {
    await upstream.setBehaviour({ resource: { protection: 'api-key' } })
    const token = await start({ authMode: 'user-api-key' })
    const link = linkIn(await callTool(server(), token, 'whoami'))
    const page = await followConnectLink(link, { subject: 'ada', key: 'a-key-that-nobody-issued' })
    expect(page).toMatchObject({ status: 400, text: expect.stringContaining('credential_key_rejected') })
    await failed('auth_upstream_failed', 'credential_key_rejected')
  })
})

const refreshing: readonly (Failure & { readonly passes: boolean })[] = [
  {
    name: 'the token endpoint is down',
    behaviour: { faults: [{ at: 'token', do: unavailable }] },
    reason: 'credential_provider_unreachable',
    passes: true,
  },
  {
    name: 'the token endpoint hangs up',
    behaviour: { faults: [{ at: 'token', do: 'hang-up' }] },
    reason: 'credential_provider_unreachable',
    passes: true,
  },
  {
    name: 'the token endpoint answers a page',
    behaviour: { faults: [{ at: 'token', do: html }] },
    reason: 'credential_response_invalid',
    passes: true,
  },
  {
    name: 'the token endpoint answers a page with an error status',
    behaviour: { faults: [{ at: 'token', do: { status: 400, body: '<h1>Bad</h1>' } }] },
    reason: 'credential_response_invalid',
    passes: true,
  },
  {
    name: 'the token endpoint is busy',
    behaviour: { faults: [{ at: 'token', do: busy }] },
    reason: 'credential_provider_busy',
    passes: true,
  },
  {
    name: 'the registered client is not known any more',
    behaviour: { faults: [{ at: 'token', do: oauthError('invalid_client', 401) }] },
    reason: 'connection_reconsent_required',
    passes: false,
  },
  {
    name: 'the client of the operator is not known any more',
    behaviour: { faults: [{ at: 'token', do: oauthError('invalid_client', 401) }] },
    options: clientOf('right'),
    reason: 'credential_client_rejected',
    passes: true,
  },
  {
    name: 'the client may not refresh any more',
    behaviour: { faults: [{ at: 'token', do: oauthError('unauthorized_client') }] },
    options: clientOf('right'),
    reason: 'credential_client_rejected',
    passes: true,
  },
  {
    name: 'the refresh token is not good any more',
    behaviour: { faults: [{ at: 'token', do: oauthError('invalid_grant') }] },
    reason: 'connection_reconsent_required',
    passes: false,
  },
]

describe('a call fails when the token is over and', () => {
  /** A connected person whose token is over by now. */
  const connectShortly = async (options?: object): Promise<string> => {
    await upstream.setBehaviour({ primary: { expiresIn: 1 } })
    const token = await start(options)
    await connectPerson(linkIn(await callTool(server(), token, 'whoami')), { subject: 'ada' })
    const over = Date.now() + 1000
    await waitUntil('the token is over', () => Date.now() > over)
    await upstream.setBehaviour({ primary: { expiresIn: true } })
    return token
  }

  it.each(refreshing)('$name', async ({ behaviour, options, reason, passes }) => {
    if (options) await upstream.setBehaviour(manual)
    const token = await connectShortly(options)
    await upstream.setBehaviour(behaviour)
    const answer = await callTool(server(), token, 'whoami')
    await failed('auth_upstream_failed', reason)
    expect(await failed('capability_failed', reason)).toMatchObject({ subject: 'ada', credentialMode: 'user-oauth' })
    expect(answer.headers['www-authenticate']).toBeUndefined()
    if (passes) expect(answer.message?.error).toMatchObject({ message: reasons[reason].message, data: { reason } })
    expect(findConnectLink(answer.text) === undefined).toBe(passes)
    if (reason === 'credential_provider_busy') expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })

  it('there is no refresh token', async () => {
    await upstream.setBehaviour({ primary: { refreshTokens: 'none' } })
    const token = await connectShortly()
    const answer = await callTool(server(), token, 'whoami')
    expect(linkIn(answer)).toBeDefined()
    await failed('capability_failed', 'connection_reconsent_required')
  })

  it('the token endpoint does not answer in time; others are served meanwhile', async () => {
    const token = await connectShortly()
    const { accessToken: bob } = await obtainToken(gateway.publicUrl, server(), 'bob')
    await connectPerson(linkIn(await callTool(server(), bob, 'whoami')), { subject: 'bob' })
    await upstream.setBehaviour({ faults: [{ at: 'token', do: 'hold' }] })
    let isAnswered = false
    const answer = callTool(server(), token, 'whoami').finally(() => {
      isAnswered = true
    })
    await upstream.waitForHeld(1)
    expect((await callTool(server(), bob, 'whoami')).text).toContain('account-2')
    expect(isAnswered).toBe(false)
    expect((await answer).message?.error?.data?.reason).toBe('credential_provider_unreachable')
    await failed('auth_upstream_failed', 'credential_provider_unreachable')
  })

  it('asks a busy server no more until Retry-After is over', async () => {
    const token = await connectShortly()
    await upstream.setBehaviour({ faults: [{ at: 'token', do: busy }] })
    await upstream.takeRequests()
    for (let call = 0; call < 5; call += 1) await callTool(server(), token, 'whoami')
    expect((await upstream.takeRequests()).filter(({ url }) => url === '/token')).toHaveLength(1)
  })
})

describe('a call fails when', () => {
  const connect = async (): Promise<string> => {
    const token = await start()
    await connectPerson(linkIn(await callTool(server(), token, 'whoami')), { subject: 'ada' })
    return token
  }

  it('nobody connected', async () => {
    const token = await start()
    const answer = await callTool(server(), token, 'whoami')
    expect(linkIn(answer)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/auth\/connections\/echo\/connect\?/)
    expect(await failed('capability_failed', 'connection_required')).toMatchObject({ failureOrigin: 'client' })
  })

  it('the administrator has not connected', async () => {
    const token = await start({ authMode: 'shared-oauth' })
    expect((await callTool(server(), token, 'whoami')).text).toContain('administrator')
    await failed('capability_failed', 'connection_admin_required')
  })

  it('there is nothing to exchange', async () => {
    const clientAuth = { method: 'client_secret_basic', clientId: 'gateway', clientSecret: 'right' }
    const tokenExchange = { tokenUrl: `${upstream.issuer}/token`, clientAuth }
    const token = await start({ authMode: 'token-exchange', tokenExchange })
    const answer = await callTool(server(), token, 'whoami')
    expect(answer.message?.error?.data?.reason).toBe('credential_missing')
    await failed('capability_failed', 'credential_missing')
  })

  it('the tool needs another scope: the link asks for it besides the others', async () => {
    const token = await connect()
    const answer = await callTool(server(), token, 'write_note')
    await failed('capability_failed', 'connection_scope_required')
    await upstream.takeRequests()
    await connectPerson(linkIn(answer), { subject: 'ada' })
    const asked = (await upstream.takeRequests()).find(({ url }) => url.startsWith('/authorize'))
    const scope = new URL(asked?.url ?? '', upstream.issuer).searchParams.get('scope')?.split(' ')
    expect(scope).toEqual(expect.arrayContaining(['read', 'write']))
    expect((await callTool(server(), token, 'write_note')).message?.result?.['isError']).not.toBe(true)
  })

  it('the tool asks for a scope that the person gave: nobody is sent to give it again', async () => {
    const token = await connect()
    const answer = await callTool(server(), token, 'never_allowed')
    expect(findConnectLink(answer.text)).toBeUndefined()
    expect(answer.message?.error?.data?.reason).toBe('upstream_unauthorized')
  })

  it('the key was withdrawn: the list has the tool that connects, and it gives a link', async () => {
    const owners = { 'key-of-ada-at-the-upstream': 'ada' }
    const apiKeys = { header: 'authorization', scheme: 'Bearer', owners }
    await upstream.setBehaviour({ resource: { protection: 'api-key', apiKeys } })
    const token = await start({ authMode: 'user-api-key' })
    const choices = { subject: 'ada', key: 'key-of-ada-at-the-upstream' }
    await connectPerson(linkIn(await callTool(server(), token, 'whoami')), choices)
    const connected = { text: expect.stringContaining('is connected') }
    expect((await callTool(server(), token, 'connect_echo')).message?.result?.['content']).toEqual([
      expect.objectContaining(connected),
    ])

    await upstream.setBehaviour({ resource: { apiKeys: { ...apiKeys, owners: {} } } })
    const listed = await postModern(server(), token, 'tools/list')
    expect(listed.message?.result?.['tools']).toMatchObject([{ name: 'connect_echo' }])
    expect(linkIn(await callTool(server(), token, 'connect_echo'))).toContain('/auth/connections/echo/')
  })

  it('the upstream ended the grant', async () => {
    const token = await connect()
    await upstream.killGrants()
    const answer = await callTool(server(), token, 'whoami')
    await failed('capability_failed', 'connection_reconsent_required')
    expect(answer.headers['www-authenticate']).toBeUndefined()
    await connectPerson(linkIn(answer), { subject: 'ada' })
    expect((await callTool(server(), token, 'whoami')).text).toContain('account-2')
  })

  it('the upstream moved to another authorization server: the new one never sees what the old one gave', async () => {
    const token = await connect()
    const given = await upstream.secrets()
    await upstream.setBehaviour({ resource: { authorizationServers: ['secondary'] } })
    await upstream.takeRequests()
    const answer = await callTool(server(), token, 'whoami')
    await connectPerson(linkIn(answer), { subject: 'ada' })
    expect((await callTool(server(), token, 'whoami')).text).toContain('account-1')
    const seen = (await upstream.takeRequests()).filter((request) => request.server === 'secondary')
    expect(seen.length).toBeGreaterThan(0)
    const text = JSON.stringify(seen)
    expect(given.filter((secret) => text.includes(secret))).toEqual([])
    expect((await upstream.counts()).secondary).toMatchObject({ registrations: 1, refreshTokensPresented: 0 })
  })
})
