import { describe, expect, test } from 'vitest'
import type { Authentication } from '../contracts/authentication.ts'
import type { Subject } from '../contracts/subject.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { joinAuthentication } from './authenticate-request.ts'

type Kind = 'a' | 'b'

/** Admits `a:<name>`, refuses `a:bad`, and leaves everything else; asynchronously when told so. */
function way(kind: Kind, changes: Partial<Authentication> & { later?: boolean } = {}) {
  const { later = false, ...rest } = changes
  const decide = (credential: string) => {
    if (!credential.startsWith(`${kind}:`)) return undefined
    const id = credential.slice(2)
    const subject = { id, tenant: id === 'gil' ? 'globex' : 'acme' }
    return id === 'bad' ? new GatewayError('key_invalid', { detail: kind }) : (subject as Subject)
  }
  const authentication: Authentication = {
    allowsAnonymous: false,
    invitesSignIn: false,
    isPresented: ({ headers }) => headers.authorization !== undefined,
    authenticate: ({ headers }) => {
      const outcome = decide(headers.authorization ?? '')
      return later ? Promise.resolve(outcome) : outcome
    },
    refuse: () => new GatewayError('key_missing', { detail: kind }),
    ...rest,
  }
  return { name: `way-${kind}`, policy: { authentication } }
}

async function ask(ways: ReturnType<typeof way>[], authorization?: string, tenant?: string) {
  const exchange = { headers: { authorization }, subject: undefined, policy: undefined } as unknown as HttpExchange
  const [step] = joinAuthentication(ways, tenant)
  const refusal = await step?.policy.onRequest(exchange)
  return { refusal, exchange }
}

describe.each([
  ['at once', false],
  ['later', true],
])('policies that decide %s', (_when, later) => {
  const both = [way('a', { later }), way('b', { later })]

  test('each admits its own kind of credential', async () => {
    for (const [credential, id] of [
      ['a:ada', 'ada'],
      ['b:bot', 'bot'],
    ] as const) {
      const { refusal, exchange } = await ask(both, credential)
      expect(refusal).toBeUndefined()
      expect(exchange.subject?.id).toBe(id)
    }
  })

  test('an invalid credential is refused at once and never falls through', async () => {
    const lenient = [way('a', { later }), way('b', { later, allowsAnonymous: true, authenticate: () => undefined })]
    const { refusal, exchange } = await ask(lenient, 'a:bad')
    expect(refusal).toMatchObject({ reason: 'key_invalid' })
    expect(exchange.policy).toBe('way-a')
    expect(exchange.subject).toBeUndefined()
  })

  test('a subject of another tenant than the route is refused, with the challenge of its own policy', async () => {
    const challenge = { 'www-authenticate': 'Bearer realm="b"' }
    const refuse = () => new GatewayError('key_missing', { headers: challenge })
    const ways = [way('a', { later }), way('b', { later, refuse })]
    const { refusal, exchange } = await ask(ways, 'b:gil', 'acme')
    expect(refusal).toMatchObject({ reason: 'tenant_mismatch', status: 401, details: { headers: challenge } })
    expect(exchange.policy).toBe('way-b')
    expect(exchange.subject).toBeUndefined()
    expect((await ask(ways, 'b:gil', 'globex')).exchange.subject?.id).toBe('gil')
    expect((await ask(ways, 'b:ada', 'acme')).exchange.subject?.id).toBe('ada')
    expect((await ask(ways, 'b:gil')).exchange.subject?.tenant).toBe('globex')
  })

  test('what nobody recognises is refused by the last', async () => {
    const { refusal, exchange } = await ask(both, 'c:carl')
    expect(refusal).toMatchObject({ details: { detail: 'b' } })
    expect(exchange.policy).toBe('way-b')
  })
})

test('a policy that invites to sign in gives the refusal, wherever it stands', async () => {
  const { refusal } = await ask([way('a', { invitesSignIn: true }), way('b')])
  expect(refusal).toMatchObject({ details: { detail: 'a' } })
})

test('one policy that admits anonymous requests is enough for those, but not for a credential of an unknown kind', async () => {
  const ways = [way('a', { allowsAnonymous: true }), way('b')]
  const anonymous = await ask(ways)
  expect(anonymous.refusal).toBeUndefined()
  expect(anonymous.exchange.subject).toBeUndefined()
  expect((await ask(ways, 'c:carl')).refusal).toBeInstanceOf(GatewayError)
})

test('they are asked together at the place of the first; other policies keep their order', () => {
  const other = (name: string) => ({ name, policy: { onRequest: () => undefined } })
  const silent = { name: 'silent', policy: {} }
  const steps = joinAuthentication([other('x'), way('a'), silent, other('y'), way('b'), other('z')])
  expect(steps.map(({ name }) => name)).toEqual(['x', 'way-a', 'y', 'z'])
  expect(joinAuthentication([other('x')]).map(({ name }) => name)).toEqual(['x'])
})
