import type { CapabilityType, Era } from '../contracts/mcp.ts'

/** What the gateway knows about one JSON-RPC method of MCP. */
export interface McpMethod {
  /** Eras that have it. */
  readonly eras: readonly Era[]
  /** Member of params that names what is called; mirrored in `Mcp-Name` (2026-07-28). */
  readonly nameMember?: 'name' | 'uri' | 'taskId'
  /** What a call of it uses. */
  readonly uses?: CapabilityType
  /** What it lists, and the member of its result that holds the list. */
  readonly lists?: { readonly type: CapabilityType; readonly member: string }
  /** Its result carries ttlMs and cacheScope (2026-07-28 caching). */
  readonly cacheable?: boolean
  /** Agrees on a revision. */
  readonly negotiates?: boolean
}

const both: readonly Era[] = ['modern', 'legacy']
const modern: readonly Era[] = ['modern']
const legacy: readonly Era[] = ['legacy']

/** Every method that passes through the gateway. One that is not here is refused: no policy would know what it does. */
const declarations: { readonly [method: string]: McpMethod } = {
  initialize: { eras: legacy, negotiates: true },
  ping: { eras: legacy },
  'server/discover': { eras: modern, negotiates: true, cacheable: true },
  'tools/list': { eras: both, lists: { type: 'tool', member: 'tools' }, cacheable: true },
  'tools/call': { eras: both, nameMember: 'name', uses: 'tool' },
  'prompts/list': { eras: both, lists: { type: 'prompt', member: 'prompts' }, cacheable: true },
  'prompts/get': { eras: both, nameMember: 'name', uses: 'prompt' },
  'resources/list': { eras: both, lists: { type: 'resource', member: 'resources' }, cacheable: true },
  'resources/templates/list': {
    eras: both,
    lists: { type: 'resource', member: 'resourceTemplates' },
    cacheable: true,
  },
  'resources/read': { eras: both, nameMember: 'uri', uses: 'resource' },
  'resources/subscribe': { eras: legacy },
  'resources/unsubscribe': { eras: legacy },
  'subscriptions/listen': { eras: modern },
  'completion/complete': { eras: both },
  'logging/setLevel': { eras: legacy },
  'tasks/get': { eras: both, nameMember: 'taskId' },
  'tasks/update': { eras: modern, nameMember: 'taskId' },
  'tasks/cancel': { eras: both, nameMember: 'taskId' },
  'tasks/list': { eras: legacy },
  'tasks/result': { eras: legacy },
  'skills/list': { eras: both },
  'skills/get': { eras: both },
  'resources/directory/read': { eras: both },
}

const methods: ReadonlyMap<string, McpMethod> = new Map(Object.entries(declarations))

/** The method's entry, or undefined when this era does not have it. */
export function findMethod(method: string, era: Era): McpMethod | undefined {
  const known = methods.get(method)
  return known?.eras.includes(era) ? known : undefined
}

const notifications: ReadonlySet<string> = new Set([
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
])

/** True for the methods of MCP in any era, as opposed to what a client made up. */
export function isKnownMethod(method: string): boolean {
  return methods.has(method) || notifications.has(method)
}

/** Methods that list capabilities, with the list member of their result. */
export const listMethods: ReadonlyMap<string, string> = new Map(
  Object.entries(declarations).flatMap(([name, method]) =>
    method.lists ? [[name, method.lists.member] as const] : [],
  ),
)
