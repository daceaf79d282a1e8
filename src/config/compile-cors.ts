import { nearestName } from '../lib/nearest-name.ts'
import type { JsonPath } from './json-path.ts'
import type { PoliciesFile } from './policies-schema.ts'
import type { ProblemList } from './problem-list.ts'
import type { CorsPolicy } from './project.ts'
import type { SourceDocument } from './source-document.ts'

const builtIn = ['none', 'anything-goes']

/** The CORS policies of policies.json by name. */
export function compileCorsPolicies(
  file: PoliciesFile | undefined,
  document: SourceDocument,
  problems: ProblemList,
): ReadonlyMap<string, CorsPolicy> {
  const policies = new Map<string, CorsPolicy>()
  for (const [index, entry] of (file?.corsPolicies ?? []).entries()) {
    const at = ['corsPolicies', index]
    const { name, maxAge, ...rest } = entry
    if (builtIn.includes(name) || policies.has(name)) {
      problems.error(
        document,
        [...at, 'name'],
        `the name "${name}" is taken`,
        'Give each CORS policy a name of its own.',
      )
    }
    checkOrigins(entry.allowedOrigins, entry.allowCredentials, [...at, 'allowedOrigins'], document, problems)
    policies.set(name, { name, ...rest, maxAgeSeconds: maxAge })
  }
  return policies
}

/** The CORS policy that a route names: undefined for `none`, and after a problem was reported. */
export function findCorsPolicy(
  name: string,
  methods: readonly string[],
  policies: ReadonlyMap<string, CorsPolicy>,
  report: (message: string, remedy: string) => void,
): CorsPolicy | undefined {
  if (name === 'none') return undefined
  if (name === 'anything-goes') return anythingGoes(methods)
  const policy = policies.get(name)
  if (policy) return policy
  const names = [...builtIn, ...policies.keys()]
  const nearest = nearestName(name, names)
  report(`there is no CORS policy "${name}"`, nearest ? `Write "${nearest}".` : `There are: ${names.join(', ')}.`)
  return undefined
}

function anythingGoes(methods: readonly string[]): CorsPolicy {
  return {
    name: 'anything-goes',
    allowedOrigins: ['*'],
    allowedMethods: methods,
    allowedHeaders: ['*'],
    exposeHeaders: ['*'],
    maxAgeSeconds: 600,
    allowCredentials: true,
  }
}

function checkOrigins(
  origins: readonly string[],
  allowCredentials: boolean,
  at: JsonPath,
  document: SourceDocument,
  problems: ProblemList,
): void {
  for (const origin of origins) {
    if (origin === '*') {
      if (allowCredentials)
        problems.error(
          document,
          at,
          '"*" together with allowCredentials lets every site act as its visitors',
          'List the origins.',
        )
    } else if (!/^https?:\/\/(\*\.)?[^/*?#@\s]+$/i.test(origin)) {
      problems.error(
        document,
        at,
        `"${origin}" is not an origin`,
        'Write scheme and host without a path, e.g. "https://*.example.com".',
      )
    }
  }
}
