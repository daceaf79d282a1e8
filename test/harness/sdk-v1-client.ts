import { type OAuthDiscoveryState, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { MemoryOAuthProvider, type SignIn } from './memory-oauth-provider.ts'
import { type RealClient, readCallOutcome } from './real-client.ts'

export type SdkV1Memory = MemoryOAuthProvider<OAuthClientInformationMixed, OAuthTokens, OAuthDiscoveryState>

/** The OAuth memory of one SDK v1 client; pass it to several connects to stay signed in. */
export function createSdkV1Memory(signIn: SignIn): SdkV1Memory {
  return new MemoryOAuthProvider('SDK v1 test client', signIn)
}

/**
 * Connects the official SDK v1 client; signs in when the server challenges it. Without a memory, `headers` must authenticate. With
 * `elicitsUrls` it says that it opens links for its person.
 */
export async function connectSdkV1(
  url: string,
  memory: SdkV1Memory | undefined,
  headers: Record<string, string> = {},
  elicitsUrls = false,
): Promise<RealClient> {
  try {
    return await connect(url, memory, headers, elicitsUrls)
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || !memory?.callback) throw error
    const code = memory.callback.searchParams.get('code')
    if (!code) throw new Error(`The sign-in ended at ${memory.callback.href}`, { cause: error })
    await openTransport(url, memory, headers).finishAuth(code)
    return connect(url, memory, headers, elicitsUrls)
  }
}

function openTransport(url: string, memory: SdkV1Memory | undefined, headers: Record<string, string>) {
  return new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers },
    ...(memory && { authProvider: memory }),
  })
}

async function connect(
  url: string,
  memory: SdkV1Memory | undefined,
  headers: Record<string, string>,
  elicitsUrls: boolean,
): Promise<RealClient> {
  const capabilities = elicitsUrls ? { elicitation: { url: {} } } : {}
  const client = new Client({ name: 'sdk-v1-test', version: '1.0.0' }, { capabilities })
  const transport = openTransport(url, memory, headers)
  await client.connect(transport)
  return {
    listTools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    callTool: async (name, input) => readCallOutcome(await client.callTool({ name, arguments: input })),
    protocolVersion: transport.protocolVersion,
    close: () => client.close(),
  }
}
