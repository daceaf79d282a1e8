import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { foldCase } from '../../lib/fold-case.ts'
import { type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import type { NameMatcher } from '../../lib/name-matcher.ts'
import type { ListName } from './options.ts'

/** Refuses a message that asks for something that is not offered. */
export type Guard = (message: McpMessage) => GatewayError | undefined

type Noun = 'tool' | 'prompt' | 'resource'

// Revisions before 2026-07-28 have a code of their own for resources that do not exist.
const invalidParams = -32602
const legacyResourceNotFound = -32002

// The last two belong to the skills extension, whose skills are resources.
const readingMethods = [
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'resources/directory/read',
  'skills/get',
]

const subscriptions = 'resourcesubscriptions'

/** A guard for every method that names a capability the options speak of. `readable`: see `compileReadableUris`. */
export function compileGuards(
  readable: NameMatcher | undefined,
  allowsIn: (list: ListName) => NameMatcher | undefined,
): ReadonlyMap<string, Guard> {
  const guards = new Map<string, Guard>()
  const [tools, prompts, templates] = [allowsIn('tools'), allowsIn('prompts'), allowsIn('resourceTemplates')]
  if (tools) guards.set('tools/call', guardMember('tool', 'name', tools))
  if (prompts) guards.set('prompts/get', guardMember('prompt', 'name', prompts))
  if (readable) {
    for (const method of readingMethods) guards.set(method, guardMember('resource', 'uri', readable))
    guards.set('subscriptions/listen', (message) => dropHiddenSubscriptions(message, readable))
  }
  const references = compileReferences(readable, templates)
  if (prompts || references) guards.set('completion/complete', guardReference(prompts, references))
  return guards
}

function guardMember(noun: Noun, member: 'name' | 'uri', allows: NameMatcher): Guard {
  return (message) => {
    const params = objectMember(message.body, 'params')
    const key = params && stringMember(params, member)
    return key !== undefined && allows(key) ? undefined : refuse(message, noun, key)
  }
}

/**
 * Some JSON readers ignore case in member names: such an upstream could take `Uri` where this policy has checked `uri`.
 * For the members of `params` itself the classification has refused such messages already.
 */
function hasOtherSpelling(object: JsonObject, member: string): boolean {
  for (const other in object) {
    if (other.length === member.length && other !== member && foldCase(other) === member) return true
  }
  return false
}

/** `ref.uri` is a template as listed, or a plain URI. */
function compileReferences(
  readable: NameMatcher | undefined,
  templates: NameMatcher | undefined,
): NameMatcher | undefined {
  if (!templates) return readable && ((uri) => uri.includes('{') || readable(uri))
  return (uri) => templates(uri) || (!uri.includes('{') && (!readable || readable(uri)))
}

/** Checks every reference that `ref` holds, whatever its `type` says: an upstream may look at either. */
function guardReference(prompts: NameMatcher | undefined, references: NameMatcher | undefined): Guard {
  return (message) => {
    const params = objectMember(message.body, 'params')
    const ref = params && objectMember(params, 'ref')
    if (!ref) return refuse(message, 'prompt', undefined)
    const refusedBy = (noun: Noun, member: 'name' | 'uri', allows: NameMatcher | undefined) => {
      if (!allows || (!Object.hasOwn(ref, member) && !hasOtherSpelling(ref, member))) return undefined
      const key = stringMember(ref, member)
      return key !== undefined && allows(key) && !hasOtherSpelling(ref, member) ? undefined : refuse(message, noun, key)
    }
    return refusedBy('prompt', 'name', prompts) ?? refusedBy('resource', 'uri', references)
  }
}

/**
 * Takes the hidden URIs out of what a client wants to listen to. The rest of the subscription stays useful, and the upstream
 * acknowledges what is left, so the client learns the same as for URIs that do not exist.
 */
function dropHiddenSubscriptions(message: McpMessage, readable: NameMatcher): GatewayError | undefined {
  const params = objectMember(message.body, 'params')
  const notifications = params && objectMember(params, 'notifications')
  if (!notifications) return undefined
  const { resourceSubscriptions: uris, ...others } = notifications
  const kept: JsonObject = Object.fromEntries(
    Object.entries(others).filter(([name]) => foldCase(name) !== subscriptions),
  )
  if (Array.isArray(uris)) {
    kept.resourceSubscriptions = (uris as unknown[]).filter((uri) => typeof uri === 'string' && readable(uri))
  }
  message.edit({ ...message.body, params: { ...params, notifications: kept } })
  return undefined
}

/** The answer that an upstream gives about a capability it does not have. */
function refuse(message: McpMessage, noun: Noun, key: string | undefined): GatewayError {
  const shown = (key ?? '').slice(0, 200)
  if (noun !== 'resource') {
    return new GatewayError('capability_not_allowed', {
      message: `Unknown ${noun}: ${shown}`,
      code: invalidParams,
      status: 200,
    })
  }
  const code = message.era === 'legacy' ? legacyResourceNotFound : invalidParams
  return new GatewayError('capability_not_allowed', {
    message: `Unknown resource: ${shown}`,
    code,
    status: 200,
    data: { uri: shown },
  })
}
