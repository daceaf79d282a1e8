import { UsageError } from './describe-error.ts'

/** Options of `sallyport init` as parsed. */
export interface InitOptions {
  readonly name?: string
  readonly upstream?: string
  readonly apiKeyEnv?: string
  readonly yes?: boolean
  readonly force?: boolean
}

/** What a new project is about. */
export interface InitAnswers {
  /** operationId and last part of the path. */
  readonly name: string
  /** Undefined: the demo. */
  readonly upstream: string | undefined
  readonly apiKeyEnv: string | undefined
}

/** Answers from flags alone. */
export function answersOf({ name, upstream, apiKeyEnv }: InitOptions): InitAnswers {
  return { name: name ?? suggestName(upstream), upstream, apiKeyEnv }
}

/** `https://mcp.linear.app/mcp` → `linear`; without an upstream the demo's name. */
export function suggestName(upstream: string | undefined): string {
  if (upstream === undefined) return 'tracker'
  const host = URL.canParse(upstream) ? new URL(upstream).hostname : ''
  const labels = host.split('.').filter((label) => !['www', 'mcp', 'api'].includes(label))
  const label = labels.length > 1 ? labels.at(-2) : labels[0]
  return label && /^[a-z][a-z0-9-]*$/.test(label) ? label : 'upstream'
}

/** What is wrong with an answer, or undefined. */
export const answerChecks = {
  name: (name: string) =>
    /^[a-z0-9][a-z0-9-]*$/.test(name) ? undefined : 'a name has lower-case letters, digits and "-", e.g. linear',
  upstream: (url: string) =>
    URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? undefined : 'the upstream is an http or https URL',
  apiKeyEnv: (name: string) =>
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? undefined : 'the name of a variable has letters, digits and "_"',
}

/** Throws a `UsageError` about the first answer that cannot be used. */
export function checkAnswers({ name, upstream, apiKeyEnv }: InitAnswers): void {
  const problem =
    answerChecks.name(name) ??
    (upstream === undefined ? undefined : answerChecks.upstream(upstream)) ??
    (apiKeyEnv === undefined ? undefined : answerChecks.apiKeyEnv(apiKeyEnv))
  if (problem) throw new UsageError(problem)
  if (upstream === undefined && apiKeyEnv !== undefined) throw new UsageError('--api-key-env needs --upstream.')
}
