import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { assert, jsonValue, property, string } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  listDirectory,
  makeVirtualServer,
  type RunningAuthorizationServer,
  sendJson,
  startAuthorizationServer,
  testVault,
} from '../../../test/harness/authorization-server.ts'
import type { OAuthRecords } from '../../contracts/storage.ts'
import { createAuthorizationServer } from './create-authorization-server.ts'
import { sanitizeAuthorizeQuery } from './sanitize-authorize-request.ts'
import { sanitizeClientMetadata } from './sanitize-client-metadata.ts'
import { sanitizeTokenForm } from './sanitize-token-request.ts'

const directory = listDirectory([makeVirtualServer('https://g.example', 'one', 'One')])

describe('whatever arrives is answered', () => {
  let running: RunningAuthorizationServer
  beforeAll(async () => {
    running = await startAuthorizationServer()
  })
  afterAll(() => running.close())

  /** Sends bytes as they are and returns the status line. */
  async function sendRaw(text: string): Promise<string> {
    const socket = connect(Number(new URL(running.url).port), '127.0.0.1')
    socket.end(text)
    let answer = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk
    })
    await once(socket, 'close')
    return answer.split('\r\n', 1)[0] ?? ''
  }

  test.each([
    ['GET /oauth/authorize?%zz=%&client_id=%E0%A4%A HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '400'],
    ['GET http://evil.example/oauth/token HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n', '404'],
    [
      'GET /oauth/consent/aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: x\r\nCookie: ;=;a;\r\nConnection: close\r\n\r\n',
      '403',
    ],
    ['GET /oauth/consent/../token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '404'],
    ['PUT /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', '405'],
    ['POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', '400'],
    [
      'POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/xml\r\nContent-Length: 1\r\n\r\nx',
      '400',
    ],
    [
      'POST /oauth/consent/aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      '415',
    ],
    ['GET /oauth/authorize/aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '400'],
    ['HEAD /.well-known/openid-configuration HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '200'],
  ])('%j: %s', async (request, status) => {
    expect(await sendRaw(request)).toContain(` ${status} `)
    expect((await sendJson(`${running.url}/.well-known/oauth-authorization-server`)).status).toBe(200)
  })

  test('methods are named where one is refused', async () => {
    const answer = await sendJson(`${running.url}/oauth/token`)
    expect(answer.status).toBe(405)
    expect(answer.headers['allow']).toBe('POST')
  })
})

test('sanitising never throws, whatever is sent', () => {
  assert(
    property(string({ maxLength: 300 }), jsonValue(), (text, json) => {
      sanitizeAuthorizeQuery(`?${text}`, directory)
      sanitizeTokenForm(text, directory)
      sanitizeClientMetadata(json, 'registration')
      sanitizeClientMetadata({ redirect_uris: [text], client_name: text, grant_types: json, jwks: json }, 'document')
    }),
  )
})

test('a store that fails is one clear error, logged under its request id', async () => {
  const failing = new Proxy({}, { get: () => () => Promise.reject(new Error('disk full')) }) as OAuthRecords
  const logged: object[] = []
  const server = await createAuthorizationServer({
    publicUrl: 'http://127.0.0.1',
    basePath: '',
    records: failing,
    sealed: {
      get: async () => undefined,
      putIfAbsent: async (_name, sealed) => sealed,
      replace: async () => false,
      list: async () => [],
      remove: async () => false,
    },
    vault: testVault,
    virtualServers: directory,
    settings: () => ({
      accessTokenTtlSeconds: 1,
      refreshTokenTtlSeconds: 1,
      refreshTokenLeewaySeconds: 1,
      authorizationCodeTtlSeconds: 1,
      sessionTtlSeconds: 1,
      sessionIdleSeconds: 1,
      stateTtlSeconds: 1,
      cimdEnabled: false,
      devLogin: true,
    }),
    recorder: { record() {} },
    log: { debug() {}, info() {}, warn() {}, error: (fields) => void logged.push(fields) },
    fetchDocument: () => Promise.reject(new Error('no network')),
  })
  const listener = createServer((request, response) => server.handle(request, response))
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
  const form = { grant_type: 'refresh_token', refresh_token: 'sp_rt_x', client_id: 'c' }
  const answer = await sendJson(`${url}/oauth/token`, { form })
  expect(answer.status).toBe(500)
  expect(answer.body).toMatchObject({ error: 'server_error', reason: 'gateway_error' })
  expect(JSON.stringify(answer.body)).not.toContain('disk full')
  expect(logged).toMatchObject([{ requestId: answer.body['request_id'] }])
  listener.closeAllConnections()
  await new Promise((resolve) => listener.close(resolve))
  server.close()
})
