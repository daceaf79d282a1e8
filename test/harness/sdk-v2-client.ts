import {
  Client,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client'
import { MemoryOAuthProvider, type SignIn } from './memory-oauth-provider.ts'
import { type RealClient, readCallOutcome } from './real-client.ts'

export type SdkV2Memory = MemoryOAuthProvider<StoredOAuthClientInformation, StoredOAuthTokens, OAuthDiscoveryState>

/** `auto` probes for 2026-07-28 and falls back; `modern` insists on it; `legacy` never asks. */
export type ClientEra = 'legacy' | 'auto' | 'modern'

const negotiation: Record<ClientEra, VersionNegotiationMode> = {
  legacy: 'legacy',
  auto: 'auto',
  modern: { pin: '2026-07-28' },
}

/** The OAuth memory of one SDK v2 client; pass it to several connects to stay signed in. */
export function createSdkV2Memory(signIn: SignIn): SdkV2Memory {
  return new MemoryOAuthProvider('SDK v2 test client', signIn)
}

/** How an SDK v2 client connects. Without a memory, `headers` must authenticate. */
export interface SdkV2Options {
  readonly era: ClientEra
  readonly memory?: SdkV2Memory
  readonly headers?: Record<string, string>
  /** What the person does with a link that the client shows; absent: the client does not show any. */
  readonly openLink?: (url: string) => Promise<void>
}

/** Connects the official SDK v2 client; signs in when the server challenges it. */
export async function connectSdkV2(url: string, options: SdkV2Options): Promise<RealClient> {
  const { memory } = options
  try {
    return await connect(url, options)
  } catch (error) {
    if (!isUnauthorized(error) || !memory?.callback) throw error
    await finishSignIn(url, options)
    return connect(url, options)
  }
}

/** Redeems the code of the sign-in that the client began when it was refused. */
export async function finishSignIn(url: string, options: SdkV2Options): Promise<void> {
  const callback = options.memory?.callback
  if (!callback?.searchParams.has('code')) throw new Error(`The sign-in ended at ${callback?.href}`)
  await openTransport(url, options).finishAuth(callback.searchParams)
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof UnauthorizedError || (error instanceof Error && isUnauthorized(error.cause))
}

function openTransport(url: string, { memory, headers = {} }: SdkV2Options): StreamableHTTPClientTransport {
  return new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers },
    ...(memory && { authProvider: memory }),
  })
}

async function connect(url: string, options: SdkV2Options): Promise<RealClient> {
  const client = new Client(
    { name: 'sdk-v2-test', version: '1.0.0' },
    {
      versionNegotiation: { mode: negotiation[options.era] },
      capabilities: options.openLink ? { elicitation: { url: {} } } : {},
    },
  )
  const { openLink } = options
  if (openLink) {
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      if (params.mode !== 'url') return { action: 'decline' }
      await openLink(params.url)
      return { action: 'accept' }
    })
  }
  await client.connect(openTransport(url, options))
  return {
    listTools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    callTool: async (name, input) => readCallOutcome(await client.callTool({ name, arguments: { ...input } })),
    protocolVersion: client.getNegotiatedProtocolVersion(),
    close: () => client.close(),
  }
}
