import type { PolicyType } from '../contracts/policy.ts'
import { isJsonObject } from '../lib/json.ts'
import { nearestName } from '../lib/nearest-name.ts'
import { checkShape } from './check-shape.ts'
import type { JsonPath } from './json-path.ts'
import type { ProjectSources } from './load-project.ts'
import { checkModule } from './module-reference.ts'
import { type NamedVariable, pathsFrom } from './named-variable.ts'
import { type PoliciesFile, type PolicyEntry, policiesFileSchema, policyEntrySchema } from './policies-schema.ts'
import type { ProblemList } from './problem-list.ts'
import type { PolicySpec } from './project.ts'
import { refuseEnvironment, substituteEnvironment } from './substitute-env.ts'

/** The entries of policies.json. */
export interface CompiledPolicies {
  /** Every name that the file declares, also of entries with problems: routes that use them are not told that they do not exist. */
  readonly names: ReadonlySet<string>
  /** False when the file could not be read at all. */
  readonly known: boolean
  readonly specs: ReadonlyMap<string, PolicySpec>
  /** Where each entry stands. */
  readonly places: ReadonlyMap<string, JsonPath>
  /** Name of the entry that signs people in. */
  readonly signIn: string | undefined
  /** For the CORS policies. */
  readonly file: PoliciesFile | undefined
  /** What `corsPolicies` names; paths start from the file. */
  readonly corsVariables: readonly NamedVariable[]
}

/** Checks `config/policies.json`: shape, names, types, options. */
export function compilePolicies(
  sources: ProjectSources,
  policyTypes: readonly PolicyType[],
  problems: ProblemList,
): CompiledPolicies {
  const document = sources.policies
  const place = { document, environment: sources.environment, problems }
  const specs = new Map<string, PolicySpec>()
  const places = new Map<string, JsonPath>()
  if (document.value === undefined) {
    return { names: new Set(), known: false, specs, places, signIn: undefined, file: undefined, corsVariables: [] }
  }
  refuseEnvironment(document.value, [], place, new Set(['options', 'corsPolicies']))
  const corsVariables: NamedVariable[] = []
  const value = substituteCors(document.value, { ...place, named: corsVariables })
  const file = checkShape(policiesFileSchema, { document, path: [], value, problems })
  const signIns: string[] = []
  for (const [index, raw] of entriesOf(document.value).entries()) {
    const at = ['policies', index]
    const name = isJsonObject(raw) && typeof raw.name === 'string' ? raw.name : undefined
    if (name !== undefined && !rememberName(name, at, places, sources, problems)) continue
    const entry = policyEntrySchema.safeParse(raw).data
    const spec = entry && compileEntry(entry, at, policyTypes, sources, problems)
    if (spec === undefined) continue
    specs.set(spec.name, spec)
    if (!spec.type.signInSettings) continue
    signIns.push(spec.name)
    if (signIns.length > 1) {
      const message = `a project has one sign-in policy, and "${signIns[0]}" is one already`
      problems.error(
        document,
        [...at, 'policyType'],
        message,
        'Remove this entry and use the other one on every route.',
      )
    }
  }
  return { names: new Set(places.keys()), known: true, specs, places, signIn: signIns[0], file, corsVariables }
}

function compileEntry(
  entry: PolicyEntry,
  at: JsonPath,
  policyTypes: readonly PolicyType[],
  { policies: document, environment }: ProjectSources,
  problems: ProblemList,
): PolicySpec | undefined {
  const optionsAt = [...at, 'handler', 'options']
  const named: NamedVariable[] = []
  const options = substituteEnvironment(entry.handler.options, optionsAt, { document, environment, problems, named })
  const moduleFits = checkModule(entry.handler.module, document, [...at, 'handler', 'module'], problems)
  const type = policyTypes.find((candidate) => candidate.type === entry.policyType)
  if (type === undefined) {
    return moduleFits
      ? reportUnknownType(entry.policyType, policyTypes, [...at, 'policyType'], document, problems)
      : undefined
  }
  if (moduleFits && type.exportName !== entry.handler.export) {
    const message = `${JSON.stringify(entry.handler.export)} is not the export of ${type.type}`
    problems.error(document, [...at, 'handler', 'export'], message, `Write "${type.exportName}".`)
  }
  // A type without options still refuses unknown ones: the schema decides, not the entry.
  const checked = checkShape(type.options, { document, path: optionsAt, value: options, problems })
  if (checked === undefined) return undefined
  return { name: entry.name, type, options: checked, variables: pathsFrom(optionsAt, named) }
}

function reportUnknownType(
  name: string,
  policyTypes: readonly PolicyType[],
  at: JsonPath,
  document: ProjectSources['policies'],
  problems: ProblemList,
): undefined {
  const names = policyTypes.map((type) => type.type)
  const nearest = nearestName(name, [...names, ...names.map((known) => known.replace(/-inbound$/, ''))])
  const full = names.find((known) => known === nearest || known === `${nearest}-inbound`)
  if (name.startsWith('custom-code-')) {
    return problems.error(document, at, 'policies of your own are not supported yet', 'They arrive in a later version.')
  }
  if (name.endsWith('-outbound') && full === undefined) {
    return problems.error(
      document,
      at,
      `outbound policies are not supported yet: "${name}"`,
      'They arrive in a later version.',
    )
  }
  return problems.error(
    document,
    at,
    `there is no policy type "${name}"`,
    full ? `Write "${full}".` : `There are: ${names.join(', ')}.`,
  )
}

function rememberName(
  name: string,
  at: JsonPath,
  places: Map<string, JsonPath>,
  { policies: document }: ProjectSources,
  problems: ProblemList,
): boolean {
  const earlier = places.get(name)
  if (earlier === undefined) {
    places.set(name, at)
    return true
  }
  const { line } = document.locate([...earlier, 'name'])
  problems.error(
    document,
    [...at, 'name'],
    `the name "${name}" is used already on line ${line}`,
    'Give each policy a name of its own.',
  )
  return false
}

function entriesOf(value: unknown): readonly unknown[] {
  return isJsonObject(value) && Array.isArray(value.policies) ? value.policies : []
}

function substituteCors(value: unknown, place: Parameters<typeof substituteEnvironment>[2]): unknown {
  if (!isJsonObject(value) || value.corsPolicies === undefined) return value
  return { ...value, corsPolicies: substituteEnvironment(value.corsPolicies, ['corsPolicies'], place) }
}
