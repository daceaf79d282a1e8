import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { ClientScenario } from './use-upstream.ts'

type Arguments = Record<string, unknown>

const capabilities = {
  elicitation: { form: { applyDefaults: true } },
  sampling: {},
  roots: { listChanged: true },
}

/**
 * What the suite expects of a client in a scenario that is not about authorization, done by the official SDK: it lists what there is, and uses
 * each of it. `speaks`: the revision of the client; default: that of the scenario. Returns what was seen.
 */
export async function playScenario(
  url: string,
  headers: Record<string, string>,
  { scenario, version, context }: ClientScenario,
  speaks: string = version,
): Promise<string> {
  const mode = speaks === '2026-07-28' ? { pin: '2026-07-28' } : 'legacy'
  const client = new Client(
    { name: 'conformance-client', version: '1.0.0' },
    { versionNegotiation: { mode }, capabilities },
  )
  client.setRequestHandler('elicitation/create', ({ params }) => ({
    action: 'accept',
    content: 'requestedSchema' in params && 'confirmed' in params.requestedSchema.properties ? { confirmed: true } : {},
  }))
  client.setRequestHandler('roots/list', () => ({ roots: [] }))
  client.setRequestHandler('sampling/createMessage', () => ({
    role: 'assistant',
    content: { type: 'text', text: 'Yes.' },
    model: 'none',
  }))
  const stream = watchForStream()
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers }, fetch: stream.fetch }),
  )
  try {
    // Nothing in the client waits for it, and the suite takes one that comes after a call for one that is opened again.
    if (mode === 'legacy') await stream.answered
    return JSON.stringify(await useEverything(client, scenario, context['toolCalls']))
  } finally {
    await client.close()
  }
}

/** A `fetch`, and when the stream of the session, or the refusal of one, was there. */
function watchForStream(): { readonly fetch: typeof fetch; readonly answered: Promise<void> } {
  const { promise: answered, resolve } = Promise.withResolvers<void>()
  return {
    fetch: (url, init) => {
      const response = fetch(url, init)
      // One that fails is waited for no longer either: what the suite says of it tells more than a test that hangs.
      if (init?.method === 'GET') void response.then(() => resolve(), resolve)
      return response
    },
    answered,
  }
}

async function useEverything(client: Client, scenario: string, wanted: unknown): Promise<unknown[]> {
  const { tools } = await client.listTools()
  const seen: unknown[] = [tools.map(({ name }) => name)]
  const chosen = (wanted ??
    tools.map(({ name, inputSchema }) => ({ name, arguments: argumentsFor(name, inputSchema) }))) as readonly {
    readonly name: string
    readonly arguments: Arguments
  }[]
  const [focal] = tools
  for (const call of chosen) {
    // This tool is told what its client received as the schema of the other one.
    const echoed = 'schema' in call.arguments ? { schema: focal?.inputSchema } : call.arguments
    seen.push(await client.callTool({ name: call.name, arguments: echoed }))
  }
  if (scenario === 'http-standard-headers') seen.push(...(await readEverything(client)))
  return seen
}

async function readEverything(client: Client): Promise<unknown[]> {
  const seen: unknown[] = []
  for (const { uri } of (await client.listResources()).resources) seen.push(await client.readResource({ uri }))
  for (const { name } of (await client.listPrompts()).prompts) seen.push(await client.getPrompt({ name }))
  return seen
}

/** Something for each argument that the tool requires. */
function argumentsFor(
  name: string,
  schema: { readonly properties?: object | undefined; readonly required?: readonly string[] | undefined },
) {
  const properties = (schema.properties ?? {}) as { readonly [name: string]: { readonly type?: string } }
  const samples: { readonly [type: string]: unknown } = { number: 5, integer: 5, string: name, object: {} }
  return Object.fromEntries((schema.required ?? []).map((each) => [each, samples[properties[each]?.type ?? ''] ?? {}]))
}
