import { isJsonObject } from '../../lib/json.ts'
import type { ProjectSources } from '../load-project.ts'
import { ProblemList } from '../problem-list.ts'
import { type Operation, readOperations, routeMember } from '../read-operations.ts'
import type { ConfigEdit } from './config-edit.ts'
import { EditError } from './edit-error.ts'
import { listPolicies } from './plan-virtual-server.ts'

/** The edits that switch a virtual server off, or on again. Throws an `EditError` when there is none of that name. */
export function planSwitch(sources: ProjectSources, name: string, enabled: boolean): readonly ConfigEdit[] {
  const { document, at, fields } = findOperation(sources, name)
  const path = [...at, routeMember, 'enabled']
  const extension = fields[routeMember]
  if (!enabled) return [{ kind: 'set', file: document.file, path, value: false }]
  // As it is without the member.
  const isOff = isJsonObject(extension) && Object.hasOwn(extension, 'enabled')
  return isOff ? [{ kind: 'remove', file: document.file, path }] : []
}

/** What the plan of a virtual server adds for it alone. Others, like how people sign in, stay though nothing names them any more. */
const ownTypes: ReadonlySet<string> = new Set(['mcp-token-exchange-inbound', 'mcp-capability-filter-inbound'])

/** The edits that remove a virtual server, with its credential and its choice of capabilities, if nothing else names them. */
export function planRemoval(sources: ProjectSources, name: string): readonly ConfigEdit[] {
  const operation = findOperation(sources, name)
  const { document, path } = operation
  const item = readPathItem(document.value, path)
  const isAlone = Object.keys(item).length === 1
  const place = isAlone ? ['paths', path] : operation.at
  const others = listOperations(sources).filter(({ fields }) => fields !== operation.fields)
  const unused = listPolicies(sources)
    .map((policy, index) => ({ ...policy, index }))
    .filter(({ type }) => ownTypes.has(type))
    .filter((policy) => names(operation, policy.name) && !others.some((each) => names(each, policy.name)))
  // From the end, so that places stay what they are.
  const policies = unused.toReversed().map(({ index }): ConfigEdit => {
    return { kind: 'remove', file: sources.policies.file, path: ['policies', index] }
  })
  return [{ kind: 'remove', file: document.file, path: place }, ...policies]
}

function listOperations({ routes }: ProjectSources): readonly Operation[] {
  return routes.flatMap((document) => readOperations(document, new ProblemList()))
}

function findOperation(sources: ProjectSources, name: string): Operation {
  const found = listOperations(sources).find(({ fields }) => fields.operationId === name)
  if (found === undefined) throw new EditError(`the project has no virtual server "${name}"`)
  return found
}

function readPathItem(document: unknown, path: string): object {
  const paths = isJsonObject(document) ? document['paths'] : undefined
  const item = isJsonObject(paths) ? paths[path] : undefined
  return isJsonObject(item) ? item : {}
}

/** The route goes through the policy. */
function names({ fields }: Operation, policy: string): boolean {
  const extension = fields[routeMember]
  const policies = isJsonObject(extension) ? extension['policies'] : undefined
  const inbound = isJsonObject(policies) ? policies['inbound'] : undefined
  return Array.isArray(inbound) && inbound.includes(policy)
}
