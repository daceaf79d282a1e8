import type { CompiledPolicies } from './compile-policies.ts'
import type { ProblemList } from './problem-list.ts'
import type { PolicySpec } from './project.ts'
import type { SourceDocument } from './source-document.ts'

/** Warns of issuers that name subjects in the same way: one could speak for the people of another. */
export function checkSubjects(
  { places, specs }: CompiledPolicies,
  document: SourceDocument,
  problems: ProblemList,
): void {
  const first = new Map<string, string>()
  for (const [name, spec] of specs) {
    for (const issuer of bareSubjectIssuers(spec)) {
      const [other] = [...first.keys()].filter((each) => each !== issuer)
      first.set(issuer, name)
      if (other === undefined) continue
      const message = `${other} and ${issuer} both name people by "sub" alone: each of them can speak for the people of the other`
      const remedy =
        'Leave subjectMapping at "iss_prefix" for all but one of them, unless their subjects are the same people.'
      problems.warning(document, [...(places.get(name) ?? []), 'handler', 'options'], message, remedy)
    }
  }
}

function bareSubjectIssuers({ type, options }: PolicySpec): readonly string[] {
  const { idJag = [] } = type.signInSettings?.(options) ?? {}
  const trusted = idJag.filter(({ subjectMapping }) => subjectMapping === 'sub_id_only').map(({ issuer }) => issuer)
  return [...trusted, ...(type.bareSubjectIssuers?.(options) ?? [])]
}
