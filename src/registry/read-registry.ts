import { z } from 'zod'
import type { FetchDocument } from '../http/fetch-document.ts'

const header = z.looseObject({
  name: z.string().min(1).max(200),
  description: z.string().optional(),
  isSecret: z.boolean().optional(),
  value: z.string().optional(),
})

const server = z.looseObject({
  name: z
    .string()
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/)
    .max(200),
  title: z.string().max(1000).optional(),
  description: z.string().max(10_000),
  version: z.string().max(255),
  websiteUrl: z.string().optional(),
  remotes: z
    .array(z.looseObject({ type: z.string(), url: z.string().max(2000), headers: z.array(header).max(50).optional() }))
    .max(50)
    .optional(),
})

const response = z.looseObject({
  server,
  _meta: z
    .looseObject({
      'io.modelcontextprotocol.registry/official': z
        .looseObject({ status: z.string().optional(), statusMessage: z.string().max(1000).optional() })
        .optional(),
    })
    .optional(),
})

const page = z.looseObject({
  servers: z.array(z.unknown()).max(10_000),
  metadata: z.looseObject({ nextCursor: z.string().max(10_000).nullish() }).optional(),
})

/** The latest version of a server as a registry describes it. Checked for shape only: every text in it is somebody else's. */
export interface RegistryServer extends z.output<typeof server> {
  /** `active` unless the registry says otherwise. */
  readonly status: string
  readonly statusMessage: string | undefined
}

/** What was read. */
export interface RegistryContent {
  readonly servers: readonly RegistryServer[]
  /** Entries that are not as the specification says. */
  readonly unreadable: number
  /** There would have been more. */
  readonly isPartial: boolean
}

const limits = { maxBytes: 8 * 1024 * 1024, timeoutMs: 20_000 }
const mostPages = 200
const mostServers = 10_000

/**
 * Reads the latest versions in a registry (OpenAPI 2025-12-01), page by page. `url` is what `/v0.1` comes behind. Throws an `Error` that
 * says what is wrong when it does not answer as one.
 */
export async function readRegistry(
  url: string,
  search: string | undefined,
  fetchDocument: FetchDocument,
): Promise<RegistryContent> {
  const servers: RegistryServer[] = []
  const seen = new Set<string>()
  let unreadable = 0
  let cursor: string | undefined
  for (let pages = 0; pages < mostPages && servers.length < mostServers; pages++) {
    const { entries, next } = await readPage(pageUrl(url, search, cursor), fetchDocument)
    for (const entry of entries) {
      const parsed = response.safeParse(entry)
      if (parsed.success) servers.push(toServer(parsed.data))
      else unreadable++
    }
    if (next === undefined) return { servers, unreadable, isPartial: false }
    // A registry that gives the same page for ever would never let us go.
    if (seen.has(next)) throw new Error('the registry repeats a page')
    seen.add(next)
    cursor = next
  }
  return { servers: servers.slice(0, mostServers), unreadable, isPartial: true }
}

function pageUrl(url: string, search: string | undefined, cursor: string | undefined): string {
  const target = new URL(`${url.replace(/\/+$/, '').replace(/\/v0\.1(\/servers)?$/, '')}/v0.1/servers`)
  const query = { limit: '100', version: 'latest', search, cursor }
  for (const [name, value] of Object.entries(query)) if (value !== undefined) target.searchParams.set(name, value)
  return target.href
}

async function readPage(url: string, fetchDocument: FetchDocument) {
  const { status, body } = await fetchDocument(url, limits)
  if (status !== 200) throw new Error(`the registry answers ${status}`)
  const parsed = page.safeParse(parseJson(body))
  if (!parsed.success) throw new Error('what answers is not an MCP registry')
  // An empty cursor ends the list as none does.
  return { entries: parsed.data.servers, next: parsed.data.metadata?.nextCursor || undefined }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function toServer({ server: found, _meta }: z.output<typeof response>): RegistryServer {
  const official = _meta?.['io.modelcontextprotocol.registry/official']
  return { ...found, status: official?.status ?? 'active', statusMessage: official?.statusMessage }
}
