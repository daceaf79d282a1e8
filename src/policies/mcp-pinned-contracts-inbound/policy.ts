import type { Exchange } from '../../contracts/exchange.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import type { DefinitionList, Deviation, ServerPins } from '../../contracts/pinned-definitions.ts'
import type { Policy, PolicyHost, PolicyType } from '../../contracts/policy.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import { entriesOf, listOfMethod, typeOfList } from '../../mcp/definitions/hash-definition.ts'
import { DefinitionHashes } from './definition-hashes.ts'
import { isCovered } from './is-covered.ts'
import { type BlockReason, findBlock, type JudgedEntry, judgeList } from './judge-list.ts'
import { type PinnedContractsOptions, pinnedContractsOptions } from './options.ts'

/** Holds an upstream to what somebody has reviewed: a definition that changes is told, and may be withheld. */
export const mcpPinnedContractsInbound: PolicyType<PinnedContractsOptions> = {
  type: 'mcp-pinned-contracts-inbound',
  exportName: 'McpPinnedContractsInboundPolicy',
  summary:
    'Compares the definitions of tools, prompts and resources with those pinned in sallyport.pins.json, and tells or withholds what changed.',
  options: pinnedContractsOptions,
  reasons: ['capability_changed', 'capability_not_pinned', 'capability_suspicious'],
  sendsNothingUpstream: true,
  comparesPins: true,
  create: createPinnedContracts,
}

/** What a message uses: the list that defines it, and its name there. */
interface Target {
  readonly list: DefinitionList
  readonly name: string
}

function createPinnedContracts(options: PinnedContractsOptions, host: PolicyHost): Policy {
  const { definitions, policyName } = host
  const compared = new Set(options.lists)
  const hashes = new DefinitionHashes()
  const methods = [...listOfMethod].filter(([, list]) => compared.has(list)).map(([method]) => method)
  return {
    reads: new Set(methods),
    readsFirst: true,
    resultDependsOn: 'nothing',
    onMessage(message, exchange) {
      const target = targetOf(message)
      if (target === undefined || !compared.has(target.list)) return undefined
      const waiting = definitions.ready(exchange)
      return waiting ? waiting.then(() => judgeUse(target, message, exchange)) : judgeUse(target, message, exchange)
    },
    onResult(result, message, exchange) {
      const list = listOfMethod.get(message.method)
      if (list === undefined || (list !== 'instructions' && !Object.hasOwn(result, list))) return undefined
      const entries = entriesOf(list, result)
      const pins = definitions.pinsOf(exchange.routeName)
      const { comparable, offered, deviating, shown } = judgeList(entries, list, pins, options, hashes)
      definitions.keep(
        exchange,
        list,
        { cursor: cursorOf(message), next: stringMember(result, 'nextCursor') },
        comparable,
      )
      definitions.note(exchange, list, shown)
      for (const entry of deviating) tell(entry, list, pins, exchange)
      // Always written anew: of a member that comes twice, clients could read the one that was not compared.
      if (list !== 'instructions') return { ...result, [list]: offered }
      const { instructions, ...others } = result
      return offered.length > 0 ? { ...others, instructions } : others
    },
  }

  function judgeUse(target: Target, message: McpMessage, exchange: Exchange): GatewayError | undefined {
    const pins = definitions.pinsOf(exchange.routeName)
    const pin = pins?.[target.list].get(target.name)
    const deviation = definitions.deviationOf(exchange, target.list, target.name)
    if (pin && deviation === undefined) return undefined
    const covered = pin === undefined && options.onNew === 'block' && isCovered(target.list, target.name, pins)
    const blockedBy = findBlock(deviation ?? unseen, pin, covered, options)
    return blockedBy && refuse(blockedBy, target, message)
  }

  function tell(entry: JudgedEntry, list: DefinitionList, pins: ServerPins | undefined, exchange: Exchange): void {
    const { name, kind, blockedBy, deviation } = entry
    const { hash, suspicions } = deviation
    const told = { list, name, hash, policyName, blockedBy }
    const behaviour = kind === 'changed' ? options.onChange : options.onNew
    // Before anything is pinned everything would be new.
    if (kind === 'changed' || pins !== undefined || blockedBy === 'capability_not_pinned') {
      const { describe } = entry
      definitions.report(exchange, { ...told, event: 'capability_changed', warns: behaviour !== 'allow', describe })
    }
    if (suspicions.length === 0) return
    const describe = () => suspicions.join('; ').slice(0, 1000)
    definitions.report(exchange, { ...told, event: 'capability_suspicious', warns: true, describe })
  }
}

/** What nobody listed yet. */
const unseen: Deviation = { hash: '', suspicions: [] }

/** The methods that use what a list defines. */
function targetOf({ method, body }: McpMessage): Target | undefined {
  const params = objectMember(body, 'params')
  if (params === undefined) return undefined
  if (method === 'completion/complete') return targetOfReference(objectMember(params, 'ref'))
  const use = uses.get(method)
  const name = use && stringMember(params, use.member)
  return use && name !== undefined ? { list: use.list, name } : undefined
}

const uses: ReadonlyMap<string, { readonly list: DefinitionList; readonly member: 'name' | 'uri' }> = new Map([
  ['tools/call', { list: 'tools', member: 'name' }],
  ['prompts/get', { list: 'prompts', member: 'name' }],
  ['resources/read', { list: 'resources', member: 'uri' }],
  ['resources/subscribe', { list: 'resources', member: 'uri' }],
])

function targetOfReference(ref: JsonObject | undefined): Target | undefined {
  const name = ref && stringMember(ref, 'name')
  if (name !== undefined) return { list: 'prompts', name }
  const uri = ref && stringMember(ref, 'uri')
  if (uri === undefined) return undefined
  return { list: uri.includes('{') ? 'resourceTemplates' : 'resources', name: uri }
}

function cursorOf({ body }: McpMessage): string | undefined {
  const params = objectMember(body, 'params')
  return params && stringMember(params, 'cursor')
}

const invalidParams = -32602

function refuse(reason: BlockReason, { list, name }: Target, { era }: McpMessage): GatewayError {
  const noun = typeOfList[list] ?? 'capability'
  const shown = name.slice(0, 200)
  const legacyResource = noun === 'resource' && era === 'legacy'
  return new GatewayError(reason, {
    message: `${sentences[reason]} ${noun}: ${shown}`,
    code: legacyResource ? -32002 : invalidParams,
    status: 200,
  })
}

const sentences: { readonly [Reason in BlockReason]: string } = {
  capability_changed: 'The definition changed and has to be reviewed; until then nobody can use the',
  capability_not_pinned: 'Nobody has reviewed the',
  capability_suspicious: 'The definition is suspicious; nobody can use the',
}
