import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listDirectory, makeVirtualServer, sendJson } from '../../../test/harness/authorization-server.ts'
import { createResourceMetadataMount } from './protected-resource-metadata.ts'

const url = 'https://gateway.example'
const two = { ...makeVirtualServer(url, 'two', 'Two'), scopes: ['mcp:tools', 'issues:write'] }
const servers = [makeVirtualServer(url, 'one', 'One'), two]
const mount = createResourceMetadataMount(listDirectory(servers))

describe('protected resource metadata', () => {
  let listener: Server
  let base: string
  beforeAll(async () => {
    listener = createServer((request, response) => mount.handle(request, response, request.url ?? ''))
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    base = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
  })
  afterAll(() => new Promise((resolve) => listener.close(resolve)))

  test('names the virtual server and the authorization server, and no offline_access', async () => {
    const answer = await sendJson(`${base}/.well-known/oauth-protected-resource/mcp/two`)
    expect(answer.status).toBe(200)
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.body).toEqual({
      resource: 'https://gateway.example/mcp/two',
      authorization_servers: ['https://gateway.example'],
      scopes_supported: ['mcp:tools'],
      bearer_methods_supported: ['header'],
      resource_name: 'Two',
    })
  })

  test.each(['', '/', '/mcp', '/mcp/three', '/mcp/one/more'])('answers 404 JSON at %j', async (suffix) => {
    const answer = await sendJson(`${base}/.well-known/oauth-protected-resource${suffix}`)
    expect(answer.status).toBe(404)
    expect(answer.body['reason']).toBe('route_not_found')
  })

  test('refuses to be written to', async () => {
    const answer = await sendJson(`${base}/.well-known/oauth-protected-resource/mcp/one`, { method: 'POST', json: {} })
    expect(answer.status).toBe(405)
  })

  test('owns its paths only', () => {
    expect(mount.owns('/.well-known/oauth-protected-resource/mcp/one')).toBe(true)
    expect(mount.owns('/.well-known/oauth-protected-resource')).toBe(true)
    expect(mount.owns('/.well-known/oauth-protected-resources')).toBe(false)
  })
})
