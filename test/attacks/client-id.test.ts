import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomId } from '../../src/lib/random-id.ts'
import { type ClientSite, smallestDocument, startClientSite } from '../harness/client-site.ts'
import { type Attack, expectRefusal } from '../harness/refusal.ts'

const addresses: { readonly [name: string]: string } = {
  'inside.example': '10.0.0.1',
  'metadata.example': '169.254.169.254',
  'loopback.example': '127.0.0.2',
  'mapped.example': '::ffff:10.0.0.1',
  'shared.example': '100.64.0.1',
  'private6.example': 'fd00::1',
}
let client: ClientSite
beforeAll(async () => {
  client = await startClientSite(addresses)
})
afterAll(() => client.close())

const unreachable = { status: 400, reason: 'client_metadata_unreachable' } as const
const unknown = { status: 400, reason: 'client_unknown' } as const

/** Other spellings of one address: as strings they are other clients. */
const spellings: { readonly [trick: string]: (url: string) => string } = {
  'the scheme in upper case': (url) => url.replace('https', 'HTTPS'),
  'the host in upper case': (url) => url.replace('client.example', 'CLIENT.example'),
  'full-width letters in the host': (url) => url.replace('client.example', '\uff43lient.example'),
  'a soft hyphen in the host': (url) => url.replace('client', 'cli\u00adent'),
  'a zero in front of the port': (url) => url.replace(/:(\d+)/, ':0$1'),
}

const attacks: readonly Attack[] = [
  ...Object.keys(addresses).map(
    (host): Attack => ({
      name: `SSRF: a document on ${host}, which is not public`,
      attempt: () => client.ask(client.at('/client', host)),
      refusal: unreachable,
    }),
  ),
  ...['http://client.example/client', 'file:///etc/passwd'].map(
    (clientId): Attack => ({ name: `client id ${clientId}`, attempt: () => client.ask(clientId), refusal: unknown }),
  ),
  ...[
    'https://user:password@client.example/client',
    'https://client.example/a/../client',
    'https://client.example/%2e%2e/client',
    'https://client.example/client#fragment',
    'https:client.example/client',
  ].map(
    (clientId): Attack => ({ name: `client id ${clientId}`, attempt: () => client.ask(clientId), refusal: unknown }),
  ),
  ...[
    'https://client.example/',
    'https://client.example',
    'https://127.0.0.1/client',
    'https://2130706433/client',
    'https://0x7f.1/client',
    'https://[::1]/client',
  ].map(
    (clientId): Attack => ({
      name: `client id ${clientId}`,
      attempt: () => client.ask(clientId),
      refusal: unreachable,
    }),
  ),
  ...Object.entries(spellings).map(
    ([trick, respell]): Attack => ({
      name: `impersonation: the address of an honest client with ${trick}`,
      attempt: () => {
        const path = `/${randomId()}`
        const clientId = respell(client.at(path))
        client.answers.set(path, { body: JSON.stringify({ ...smallestDocument, client_id: clientId }) })
        return client.ask(clientId)
      },
      refusal: unreachable,
    }),
  ),
]

test('without a trick a client id of a named host begins a sign-in', async () => {
  expect((await client.ask(client.publish())).status).toBe(303)
})

test.each(attacks)('$name', async ({ attempt, refusal }) => {
  const before = client.site.requests.length
  const answer = await attempt()
  expectRefusal(client.running.events, answer, refusal)
  expect(client.site.requests.length - before).toBeLessThanOrEqual(1)
  const own = client.running.events.filter(({ requestId }) => requestId === answer.headers['x-request-id'])
  expect(own).toHaveLength(1)
  expect(answer.headers['location']).toBeUndefined()
  expect(answer.text).not.toMatch(/ECONN|ENOTFOUND|169\.254|latest/)
})

test.each(Object.keys(addresses))('SSRF: %s is not even dialled, and the event says why', async (host) => {
  const answer = await client.ask(client.at('/client', host))
  const event = client.running.events.findLast(({ requestId }) => requestId === answer.headers['x-request-id'])
  expect(event?.detail).toContain('not public')
  expect(answer.text).not.toContain('not public')
})
