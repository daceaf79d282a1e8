import type { CompiledPolicies } from './compile-policies.ts'
import type { ProblemList } from './problem-list.ts'
import type { RouteSpec } from './project.ts'
import type { SourceDocument } from './source-document.ts'

/**
 * Connections belong to the id of an upstream. Two policies with one id, or one policy in front of two upstreams, would send the
 * credential of one to the other.
 */
export function checkUpstreams(
  { specs, places }: CompiledPolicies,
  routes: readonly RouteSpec[],
  document: SourceDocument,
  problems: ProblemList,
): void {
  const known = new Map<string, { policy: string; url: string; route: string }>()
  for (const { inbound, upstream, operationId: route } of routes) {
    if (upstream === undefined) continue
    const policy = inbound.find(({ type }) => type.upstreamSettings !== undefined)?.name ?? ''
    const at = [...(places.get(policy) ?? []), ...(specs.has(policy) ? ['handler', 'options'] : [])]
    const earlier = known.get(upstream.id)
    if (earlier === undefined) known.set(upstream.id, { policy, url: upstream.url, route })
    else if (earlier.policy !== policy) {
      const message = `the upstream id "${upstream.id}" is used already by the policy "${earlier.policy}"`
      problems.error(document, at, message, 'Give each upstream an id of its own.')
    } else if (earlier.url !== upstream.url) {
      // Not their URLs: a variable that is in one may have become another text, which would be shown to whoever tries it.
      const message = `"${policy}" would send one credential to two upstreams: those of "${earlier.route}" and "${route}"`
      problems.error(document, at, message, 'Write a policy of its own for each upstream.')
    }
  }
}
