import type { McpMessage } from '../../contracts/mcp.ts'
import type { Policy, PolicyType } from '../../contracts/policy.ts'
import type { GatewayError } from '../../errors/gateway-error.ts'
import { type CapabilityList, compileList } from './capability-list.ts'
import { compileGuards, type Guard } from './guards.ts'
import { type CapabilityFilterOptions, capabilityFilterOptions, type ListName, listNames } from './options.ts'
import { compileReadableUris } from './readable-uris.ts'

const methodOfList: { readonly [List in ListName]: string } = {
  tools: 'tools/list',
  prompts: 'prompts/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
}

/** Curates a virtual server: what is not offered is neither listed nor callable. */
export const mcpCapabilityFilterInbound: PolicyType<CapabilityFilterOptions> = {
  type: 'mcp-capability-filter-inbound',
  exportName: 'McpCapabilityFilterInboundPolicy',
  summary:
    'Offers a chosen part of the tools, prompts and resources of an upstream, with re-written descriptions where wanted.',
  options: capabilityFilterOptions,
  reasons: ['capability_not_allowed'],
  sendsNothingUpstream: true,
  create: (options) => createFilter(options),
}

function createFilter(options: CapabilityFilterOptions): Policy {
  const lists = new Map<string, CapabilityList>()
  const readable = compileReadableUris(options)
  for (const name of listNames) {
    const list = compileList(options, name, name === 'resources' ? readable : undefined)
    if (list) lists.set(methodOfList[name], list)
  }
  if (lists.size === 0) return {}
  const guards: ReadonlyMap<string, Guard> = compileGuards(readable, (name) => lists.get(methodOfList[name])?.allows)
  return {
    reads: new Set(lists.keys()),
    resultDependsOn: 'nothing',
    onMessage: (message: McpMessage): GatewayError | undefined => guards.get(message.method)?.(message),
    onResult: (result, message) => lists.get(message.method)?.filter(result),
  }
}
