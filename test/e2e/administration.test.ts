import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendJson } from '../harness/authorization-server.ts'
import { obtainToken, refreshTokens } from '../harness/obtain-token.ts'
import { callTool, postLegacy, postModern } from '../harness/post-message.ts'
import { runCli } from '../harness/run-cli.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type HeldUpstream, startHeldUpstream } from '../harness/upstreams/held-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn } from '../harness/write-project.ts'

let held: HeldUpstream
let gateway: TestGateway
let url: string

beforeAll(async () => {
  held = await startHeldUpstream()
  gateway = await startTestGateway({
    servers: {
      both: { upstream: held.url, inbound: ['sign-in', 'keys'] },
      other: { upstream: held.url, inbound: ['sign-in'] },
      acme: { upstream: held.url, inbound: ['acme-keys'] },
    },
    policies: { ...signIn(), keys: ['api-key-inbound', {}], 'acme-keys': ['api-key-inbound', { tenant: 'acme' }] },
  })
  url = gateway.server('both')
})
afterAll(async () => {
  await gateway.close()
  await held.close()
})

const cli = (...args: string[]) => runCli(...args)

async function createKey(...flags: string[]): Promise<{ id: string; key: string }> {
  const { out, errors } = await cli('keys', 'create', 'billing', gateway.directory, '--json', ...flags)
  expect(errors).toBe('')
  return JSON.parse(out) as { id: string; key: string }
}

const statusWith = async (token: string, at = url) => (await postModern(at, token, 'tools/list')).status
const reasonWith = async (token: string, at = url) =>
  (await postModern(at, token, 'tools/list')).message?.error?.data?.reason

/** How long a revocation by another process may take to reach the gateway, with the time that a busy machine needs. */
const withinMs = 3000

describe('API keys', () => {
  it('a key made beside the running gateway works at once, and its consumer is in the event', async () => {
    const { id, key } = await createKey('--metadata', 'plan=gold')
    const created = await gateway.waitForEvent(({ type, clientId }) => type === 'auth_key_created' && clientId === id)
    expect(created).toMatchObject({
      subject: 'consumer:billing',
      detail: expect.stringMatching(/^by .+ on the command line$/),
    })
    expect(await statusWith(key)).toBe(200)
    const event = await gateway.waitForEvent(({ type, clientId }) => type === 'capability_listed' && clientId === id)
    expect(event).toMatchObject({ subject: 'consumer:billing', tenant: 'default', outcome: 'success' })
  })

  it('several keys of one consumer live side by side; a revoked one is refused within a second or so', async () => {
    const [old, fresh] = [await createKey(), await createKey()]
    expect([await statusWith(old.key), await statusWith(fresh.key)]).toEqual([200, 200])
    expect((await cli('keys', 'revoke', old.id, gateway.directory)).code).toBe(0)
    // The revocation may find the request on its way and end it.
    const status = () => statusWith(old.key).catch(() => undefined)
    await waitUntil('the key is refused', async () => (await status()) === 401, withinMs)
    expect(await reasonWith(old.key)).toBe('key_revoked')
    await gateway.waitForEvent(({ type, clientId }) => type === 'auth_key_revoked' && clientId === old.id)
    expect(await statusWith(fresh.key)).toBe(200)
  })

  it.each([
    ['2025-11-25', (key: string) => postLegacy(url, key, 'tools/call', { name: 'hold', arguments: {} })],
    ['2026-07-28', (key: string) => callTool(url, key, 'hold')],
  ])('an open stream of %s ends when its key is revoked', async (_version, callHold) => {
    const { id, key } = await createKey()
    const answer = callHold(key)
    const call = await held.nextCall()
    call.reportProgress(1)
    await cli('keys', 'revoke', id, gateway.directory)
    await answer
    await call.cancelled
  })

  it('a key of another tenant is not accepted, listed or revoked', async () => {
    const own = await createKey('--tenant', 'acme')
    const foreign = await createKey()
    expect(await statusWith(own.key, gateway.server('acme'))).toBe(200)
    expect(await reasonWith(foreign.key, gateway.server('acme'))).toBe('key_invalid')
    const listed = await cli('keys', 'list', gateway.directory, '--tenant', 'acme', '--json')
    expect(JSON.parse(listed.out)).toEqual([expect.objectContaining({ id: own.id, tenant: 'acme', state: 'live' })])
    const refused = await cli('keys', 'revoke', own.id, gateway.directory)
    expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('no live key') })
  })

  it('where nobody signs in, nothing sends clients to the authorization server', async () => {
    const metadata = (name: string) => sendJson(`${gateway.publicUrl}/.well-known/oauth-protected-resource/mcp/${name}`)
    expect((await metadata('acme')).status).toBe(404)
    expect((await metadata('both')).status).toBe(200)
    const answer = await postModern(gateway.server('acme'), '', 'tools/list', {}, { authorization: '' })
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="sallyport"')
  })

  it('neither an access token nor a key works where only the other is accepted', async () => {
    const { key } = await createKey()
    expect(await reasonWith(key, gateway.server('other'))).toBe('token_invalid')
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('other'))
    expect(await reasonWith(accessToken, gateway.server('acme'))).toBe('key_invalid')
    expect(await reasonWith(accessToken)).toBe('token_wrong_audience')
  })

  it('an expired key is refused, and one that would be expired is not made', async () => {
    const { key } = await createKey('--expires', '1s')
    await waitUntil('the key expires', async () => (await reasonWith(key)) === 'key_expired')
    const refused = await cli('keys', 'create', 'billing', gateway.directory, '--expires', '2020-01-01')
    expect(refused).toMatchObject({ code: 2, errors: expect.stringContaining('That time has passed') })
  })

  it('prints the key alone on standard output, and never again', async () => {
    const created = await cli('keys', 'create', 'scripts', gateway.directory)
    expect(created.out).toMatch(/^sp_key_[0-9A-Za-z]{49}\n$/)
    expect(created.errors).toContain('the one time')
    const listed = await cli('keys', 'list', gateway.directory)
    expect(listed.out).toContain('scripts')
    expect(listed.out).not.toContain('sp_key_')
  })
})

describe('signing keys', () => {
  it('are rotated without signing anybody out', async () => {
    const publicUrl = `${gateway.publicUrl}/oauth/jwks`
    const kids = async () => {
      const answer = await sendJson(publicUrl)
      return (answer.body['keys'] as { kid: string }[]).map(({ kid }) => kid)
    }
    const [before] = await kids()
    const { accessToken, clientId, refreshToken = '' } = await obtainToken(gateway.publicUrl, url, 'rita')
    const { out, code } = await cli('signing-keys', 'rotate', gateway.directory, '--json')
    expect(code).toBe(0)
    const { kid } = JSON.parse(out) as { kid: string }
    await waitUntil('the new key is used', async () => (await kids())[0] === kid, withinMs)
    expect(await kids()).toEqual([kid, before])
    expect(await statusWith(accessToken)).toBe(200)
    expect((await refreshTokens(gateway.publicUrl, clientId, refreshToken)).accessToken).toMatch(/^sp_at_/)
    await gateway.restart()
    expect(await kids()).toEqual([kid, before])
    expect(await statusWith(accessToken)).toBe(200)
  })

  it('that leaked are discarded, and the command says what that means', async () => {
    const { out, code } = await cli('signing-keys', 'rotate', gateway.directory, '--discard-former')
    expect(code).toBe(0)
    expect(out).toContain('people sign in again in their browser')
    const kid = /new signing key (\S+);/.exec(out)?.[1]
    const kids = async () => {
      const answer = await sendJson(`${gateway.publicUrl}/oauth/jwks`)
      return (answer.body['keys'] as { kid: string }[]).map((key) => key.kid)
    }
    await waitUntil('the former keys are gone', async () => (await kids()).length === 1, withinMs)
    expect(await kids()).toEqual([kid])
  })
})

describe('grants', () => {
  const list = async (...flags: string[]) => {
    const { out } = await cli('grants', 'list', gateway.directory, '--json', ...flags)
    return JSON.parse(out) as { id: string; subject: string; clientId: string; resources: object }[]
  }

  it('are listed by subject, client and virtual server', async () => {
    const { clientId } = await obtainToken(gateway.publicUrl, url, 'grace')
    const expected = { subject: 'grace', clientId, clientName: 'test', resources: { [url]: 'mcp:tools' } }
    for (const filter of [
      ['--subject', 'grace'],
      ['--client', clientId],
      ['--subject', 'grace', '--server', 'both'],
      ['--subject', 'grace', '--server', '/mcp/both', '--client', 'test'],
      ['--subject', 'grace', '--server', url],
    ]) {
      expect(await list(...filter)).toEqual([expect.objectContaining(expected)])
    }
    expect(await list('--subject', 'grace', '--server', 'other')).toEqual([])
    expect(await list('--subject', 'nobody')).toEqual([])
    const unknown = await cli('grants', 'list', gateway.directory, '--server', 'none')
    expect(unknown).toMatchObject({ code: 1, errors: expect.stringContaining('no virtual server "none"') })
  })

  it('are revoked with their tokens and streams, and nobody else notices', async () => {
    const alan = await obtainToken(gateway.publicUrl, url, 'alan')
    const joan = await obtainToken(gateway.publicUrl, url, 'joan')
    const answer = callTool(url, alan.accessToken, 'hold')
    const call = await held.nextCall()
    call.reportProgress(1)
    expect(await statusWith(joan.accessToken)).toBe(200)
    const { out } = await cli('grants', 'revoke', gateway.directory, '--subject', 'alan')
    expect(out).toContain('revoked 1 grant:')
    await gateway.waitForEvent(({ type, subject }) => type === 'auth_token_revoked' && subject === 'alan')
    await answer
    await call.cancelled
    expect(await reasonWith(alan.accessToken)).toBe('token_revoked')
    await expect(refreshTokens(gateway.publicUrl, alan.clientId, alan.refreshToken ?? '')).rejects.toThrow(
      /invalid_grant/,
    )
    expect(await statusWith(joan.accessToken)).toBe(200)
  })

  it('are not revoked all at once by a forgotten filter', async () => {
    const refused = await cli('grants', 'revoke', gateway.directory)
    expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('say which grants') })
  })
})
