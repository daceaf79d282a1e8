import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JwtIssuer, startJwtIssuer } from '../harness/jwt-issuer.ts'
import { postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'

let upstream: EchoUpstream
let issuer: JwtIssuer
let other: JwtIssuer
let gateway: TestGateway
beforeAll(async () => {
  upstream = await startEchoUpstream()
  issuer = await startJwtIssuer()
  other = await startJwtIssuer()
  const policy = (by: JwtIssuer, options: object) =>
    ['open-id-jwt-auth-inbound', { issuer: by.url, audience: 'gateway', ...options }] as const
  const route = (...inbound: string[]) => ({ upstream: upstream.url, inbound })
  gateway = await startTestGateway({
    servers: {
      wide: route('wide'),
      payroll: route('payroll'),
      admins: route('admins'),
      elsewhere: route('elsewhere'),
      both: route('wide', 'elsewhere'),
    },
    policies: {
      wide: policy(issuer, {}),
      payroll: policy(issuer, { audience: 'payroll' }),
      admins: policy(issuer, { requiredClaims: { role: 'admin' } }),
      elsewhere: policy(other, {}),
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([upstream.close(), issuer.close(), other.close()])
})

/** 200, or why a token is refused at a virtual server. */
async function call(server: string, token: string): Promise<unknown> {
  const { status, message } = await postModern(gateway.server(server), token, 'tools/list')
  return status === 200 ? 200 : message?.error?.data?.reason
}

test('cache poisoning: a token that one policy verified is not valid at another', async () => {
  const token = await issuer.sign()
  expect([await call('wide', token), await call('wide', token)]).toEqual([200, 200])
  expect(await call('payroll', token)).toBe('token_wrong_audience')
  expect(await call('admins', token)).toBe('token_invalid')
  expect(await call('elsewhere', token)).toBe('token_invalid')
  expect(await call('payroll', await issuer.sign({ aud: ['payroll', 'gateway'] }))).toBe(200)
})

test('cache poisoning: a refused token does not become valid where it was refused', async () => {
  const token = await issuer.sign({ role: 'reader' })
  expect(await call('admins', token)).toBe('token_invalid')
  expect(await call('wide', token)).toBe(200)
  expect(await call('admins', token)).toBe('token_invalid')
})

test('mix-up: a token of one issuer signed by another, under the same key id, is of neither', async () => {
  const forged = await other.sign({ iss: issuer.url })
  expect([await call('both', forged), await call('wide', forged)]).toEqual(['token_invalid', 'token_invalid'])
  const [header, , signature] = (await issuer.sign()).split('.')
  const [, payload] = (await other.sign()).split('.')
  expect(await call('both', `${header}.${payload}.${signature}`)).toBe('token_invalid')
})

test('subject confusion: the same name at two issuers is two people', async () => {
  const [one, two] = [await issuer.sign(), await other.sign()]
  expect([await call('both', one), await call('both', two)]).toEqual([200, 200])
  for (const { url } of [issuer, other]) {
    const subject = `${new URL(url).host}|ada`
    await gateway.waitForEvent((event) => event.type === 'capability_listed' && event.subject === subject)
  }
})
