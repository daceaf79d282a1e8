import { expect, test } from 'vitest'
import { listDirectory, makeVirtualServer } from '../../../test/harness/authorization-server.ts'
import { renderServerMetadata } from './server-metadata.ts'

const publicUrl = 'https://gateway.example'
const virtualServers = listDirectory([makeVirtualServer(publicUrl, 'one', 'One')])

test('advertises what MCP clients look for, and nothing that is not there', () => {
  const metadata = renderServerMetadata({
    publicUrl,
    basePath: '/gw',
    virtualServers,
    clientCredentials: false,
    identityAssertions: false,
    cimdEnabled: true,
  })
  expect(metadata).toMatchObject({
    issuer: 'https://gateway.example',
    authorization_endpoint: 'https://gateway.example/gw/oauth/authorize',
    token_endpoint: 'https://gateway.example/gw/oauth/token',
    registration_endpoint: 'https://gateway.example/gw/oauth/register',
    revocation_endpoint: 'https://gateway.example/gw/oauth/revoke',
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['mcp:tools', 'offline_access'],
    client_id_metadata_document_supported: true,
    authorization_response_iss_parameter_supported: true,
  })
  expect(JSON.stringify(metadata)).not.toMatch(/userinfo|implicit|claims|end_session|device|plain/)
})

test('lists every scope of every virtual server once', () => {
  const write = { ...makeVirtualServer(publicUrl, 'two', 'Two'), scopes: ['mcp:tools', 'issues:write'] }
  const servers = listDirectory([...virtualServers.list(), write])
  const parts = {
    publicUrl,
    basePath: '',
    virtualServers: servers,
    cimdEnabled: true,
    clientCredentials: false,
    identityAssertions: false,
  }
  const scopes_supported = ['mcp:tools', 'issues:write', 'offline_access']
  expect(renderServerMetadata(parts)).toMatchObject({ scopes_supported })
})

test('says when metadata documents are not accepted', () => {
  const parts = {
    publicUrl,
    basePath: '',
    virtualServers,
    cimdEnabled: false,
    clientCredentials: true,
    identityAssertions: true,
  }
  expect(renderServerMetadata(parts)).toMatchObject({ client_id_metadata_document_supported: false })
})

test('advertises the identity assertion grant profile', () => {
  const parts = {
    publicUrl,
    basePath: '',
    virtualServers,
    cimdEnabled: true,
    clientCredentials: true,
    identityAssertions: true,
  }
  expect(renderServerMetadata(parts)).toMatchObject({
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
    ],
    authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'],
  })
})
