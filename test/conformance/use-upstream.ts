import { findConnectLink, followConnectLink } from '../harness/connect-person.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { connectSdkV2 } from '../harness/sdk-v2-client.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { signIn, type TestPolicy, type TestProject } from '../harness/write-project.ts'
import { playScenario } from './play-scenario.ts'

/** One scenario of the suite, with the upstream that it started for it. */
export interface ClientScenario {
  readonly scenario: string
  /** Protocol revision of the upstream. */
  readonly version: string
  readonly upstream: string
  /** Texts, but for the scenario that says what to call. */
  readonly context: { readonly [name: string]: unknown }
}

/** What the suite takes for the client document of everybody; it does not fetch it. */
const clientDocumentUrl = 'https://conformance-test.local/client-metadata.json'

/** How often a person connects before they give up. More than a client may ask for by itself. */
const patience = 6

/**
 * Puts a gateway in front of the upstream, and a client with a person before the gateway: the client lists and calls; where it is told to
 * connect, the person follows the link. Returns what was seen; throws when the call does not succeed in the end.
 */
export async function useUpstream(scenario: ClientScenario): Promise<string> {
  const gateway = await startTestGateway(projectFor(scenario), { clientDocumentUrl })
  try {
    return await callUntilConnected(gateway, scenario)
  } finally {
    await gateway.close()
  }
}

/** Puts a gateway in front of the upstream of a scenario that is not about authorization, and a client before the gateway. */
export async function playThroughGateway(scenario: ClientScenario, speaks = scenario.version): Promise<string> {
  const { upstream, version } = scenario
  // Servers of scenarios answer messages of both eras, and judge them by the rules of one.
  const protocol = speaks === version ? 'auto' : version === '2026-07-28' ? 'modern' : 'legacy'
  const servers = { upstream: { upstream, inbound: ['sign-in'], protocol } as const }
  const gateway = await startTestGateway({ servers, policies: signIn() })
  try {
    const url = gateway.server('upstream')
    const { accessToken } = await obtainToken(gateway.publicUrl, url)
    return await playScenario(url, { authorization: `Bearer ${accessToken}` }, scenario, speaks)
  } finally {
    await gateway.close()
  }
}

async function callUntilConnected(gateway: TestGateway, { version }: ClientScenario): Promise<string> {
  const server = gateway.server('upstream')
  const { accessToken } = await obtainToken(gateway.publicUrl, server)
  const seen: string[] = []
  for (let connects = 0; connects < patience; connects += 1) {
    const received = await listAndCall(server, accessToken, version)
    seen.push(received)
    const link = findConnectLink(received)
    if (link === undefined) return seen.join('\n')
    const page = await followConnectLink(link, { subject: 'ada' })
    seen.push(`${page.status} ${page.url.href}`)
    if (page.url.searchParams.get('notice') !== 'connected') throw new Error(`${seen.join('\n')}\n${page.text}`)
  }
  throw new Error(`still not connected:\n${seen.join('\n')}`)
}

/** What a client receives for a list and for a call of the first tool, errors included. */
async function listAndCall(server: string, accessToken: string, version: string): Promise<string> {
  const headers = { authorization: `Bearer ${accessToken}` }
  try {
    const client = await connectSdkV2(server, { era: version === '2026-07-28' ? 'modern' : 'legacy', headers })
    try {
      const [tool = 'none'] = await client.listTools()
      const outcome = await client.callTool(tool, {})
      return JSON.stringify({ tool, outcome })
    } finally {
      await client.close()
    }
  } catch (error) {
    const received = JSON.stringify({ error: String(error), ...(error as object) })
    if (findConnectLink(received) === undefined) throw error
    return received
  }
}

function projectFor({ scenario, upstream, context }: ClientScenario): TestProject {
  return {
    servers: { upstream: { upstream, inbound: ['sign-in', 'credential'] } },
    policies: { ...signIn(), credential: credentialFor(scenario, context) },
  }
}

function credentialFor(scenario: string, context: ClientScenario['context']): TestPolicy {
  const { client_id: clientId, client_secret: clientSecret, private_key_pem: privateKeyPem } = context
  const policy = (options: object): TestPolicy => [
    'mcp-token-exchange-inbound',
    { id: 'suite', displayName: 'Suite', ...options },
  ]
  if (scenario === 'auth/client-credentials-basic') {
    const clientAuth = { method: 'client_secret_basic', clientId, clientSecret }
    return policy({ authMode: 'client-credentials', clientCredentials: { clientAuth } })
  }
  if (scenario === 'auth/client-credentials-jwt') {
    const clientAuth = { method: 'private_key_jwt', clientId, privateKeyPem, algorithm: 'ES256' }
    return policy({ authMode: 'client-credentials', clientCredentials: { clientAuth } })
  }
  const manual = scenario === 'auth/pre-registration' && {
    clientRegistration: { mode: 'manual', clientId, clientSecret },
  }
  return policy({ authMode: 'user-oauth', ...manual })
}
