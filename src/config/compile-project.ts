import type { HandlerType } from '../contracts/handler.ts'
import type { IdentityProviderSettings } from '../contracts/identity-provider.ts'
import type { PolicyType } from '../contracts/policy.ts'
import type { SignInSettings } from '../contracts/virtual-server.ts'
import { isLoopbackHost } from '../lib/loopback.ts'
import type { Pins } from '../mcp/definitions/pins-file.ts'
import { checkClients } from './check-clients.ts'
import { checkMembers } from './check-members.ts'
import { checkScopes } from './check-scopes.ts'
import { checkSubjects } from './check-subjects.ts'
import { checkUpstreams } from './check-upstreams.ts'
import { compileCorsPolicies } from './compile-cors.ts'
import { checkPins, compilePins } from './compile-pins.ts'
import { type CompiledPolicies, compilePolicies } from './compile-policies.ts'
import { compileRoute, type RouteContext } from './compile-routes.ts'
import { compileSettings, type SettingsContext } from './compile-settings.ts'
import type { ProjectSources } from './load-project.ts'
import { ProblemList } from './problem-list.ts'
import type { Problem, Project, RouteSpec } from './project.ts'
import type { Settings } from './project-schema.ts'
import { readMentionedVariables } from './read-mentioned-variables.ts'
import { isSwitchedOff, type Operation, readOperations } from './read-operations.ts'
import { readVaultSecrets } from './read-vault-secrets.ts'
import { nameVariables } from './redact-settings.ts'

/** What a project is compiled with. The lists come from outside: this room knows no policy and no handler. */
export interface CompileContext extends SettingsContext {
  readonly policyTypes: readonly PolicyType[]
  readonly handlerTypes: readonly HandlerType[]
}

/** A project that can run, or everything that keeps it from running. */
export type CompileResult = { readonly project: Project } | { readonly problems: readonly Problem[] }

/**
 * Checks all files of a project against each other and binds routes to policies and handlers. Never throws because of the
 * project's content. Problems come in the order of files and lines; with a project, warnings are in `project.warnings`.
 */
export function compileProject(sources: ProjectSources, context: CompileContext): CompileResult {
  const problems = new ProblemList()
  problems.add(sources.problems)
  const compiled = compileSettings(sources, context, problems)
  const policies = compilePolicies(sources, context.policyTypes, problems)
  const operations = sources.routes.flatMap((document) => readOperations(document, problems))
  checkUnique(operations, problems)
  const pins = compilePins(sources.pins, problems)
  const routes = compileRoutes(operations, { sources, context, policies, compiled, pins, problems })
  const isOn = isServed(operations)
  const served = routes.filter(isOn)
  reportUnused(policies, operations, sources, problems)
  // A broken route would make its name look unknown.
  if (compiled && !problems.hasErrors) checkClients(compiled.settings, routes, sources.settings, problems)
  checkSubjects(policies, sources.policies, problems)
  checkUpstreams(policies, routes, sources.policies, problems)
  // A broken route would look like one that does not exist.
  if (!problems.hasErrors) checkMembers(served, operations, problems)
  checkPins(pins, routes, sources.pins, problems)
  const signIn = findSignIn(policies, served)
  // A broken route would make its name look unknown.
  if (signIn && !problems.hasErrors) checkScopes(policies, signIn, routes, sources.policies, problems)
  if (signIn?.devLogin && compiled) checkDevLogin(policies, compiled, { sources, context, problems })
  if (signIn?.identityProvider) checkIdentityProvider(policies, signIn.identityProvider, { sources, context, problems })
  if (operations.length === 0 && problems.sorted().length === 0) {
    problems.warning(sources.routes[0] ?? sources.settings, ['paths'], 'the project has no route')
  }
  // Whoever may see or try a change must not read the environment by it.
  const environmentValues = readMentionedVariables(sources)
  const found = nameValues(problems.sorted(), environmentValues)
  if (problems.hasErrors || compiled === undefined) return { problems: found }
  const virtualServers = served.flatMap((route) => route.virtualServer ?? [])
  const { directory, contentHash, environment } = sources
  return {
    project: {
      directory,
      mode: context.mode,
      ...compiled,
      routes: served,
      switchedOff: routes.filter((route) => !isOn(route)),
      idlePolicies: [...policies.specs.values()].filter(
        (spec) => !routes.some(({ inbound }) => inbound.includes(spec)),
      ),
      corsVariables: policies.corsVariables,
      virtualServers,
      signIn,
      vaultSecrets: readVaultSecrets(environment),
      environmentValues,
      pins,
      contentHash,
      warnings: found,
    },
  }
}

function nameValues(problems: readonly Problem[], values: Project['environmentValues']): readonly Problem[] {
  if (values.size === 0) return problems
  const name = nameVariables(values)
  return problems.map((problem) => ({
    ...problem,
    path: name(problem.path),
    message: name(problem.message),
    remedy: problem.remedy && name(problem.remedy),
  }))
}

interface Compilation {
  readonly sources: ProjectSources
  readonly context: CompileContext
  readonly problems: ProblemList
}

function compileRoutes(
  operations: readonly Operation[],
  parts: Compilation & {
    policies: CompiledPolicies
    compiled: { settings: Settings; publicUrl: string } | undefined
    pins: Pins
  },
): RouteSpec[] {
  const { sources, context, policies, compiled, pins, problems } = parts
  const routeContext = {
    handlerTypes: context.handlerTypes,
    policies,
    corsPolicies: compileCorsPolicies(policies.file, sources.policies, problems),
    environment: sources.environment,
    publicUrl: compiled?.publicUrl,
    basePath: compiled?.settings.basePath ?? '',
    scopes: readScopes(policies),
    pins,
    problems,
  }
  return operations.flatMap((operation) => compileRoute(operation, routeContext) ?? [])
}

function readScopes({ signIn, specs }: CompiledPolicies): RouteContext['scopes'] {
  const spec = signIn === undefined ? undefined : specs.get(signIn)
  return new Map(Object.entries(spec?.type.signInSettings?.(spec.options).scopes ?? {}))
}

/** What is switched off has to be in order like everything else, so that it can be switched on again. */
function isServed(operations: readonly Operation[]): (route: RouteSpec) => boolean {
  const off = new Set(operations.filter(isSwitchedOff).map(({ path }) => path))
  return ({ path }) => !off.has(path)
}

/** A virtual server is one path and one name: both are unique over all files. */
function checkUnique(operations: readonly Operation[], problems: ProblemList): void {
  const paths = new Map<string, Operation>()
  const names = new Map<string, Operation>()
  for (const operation of operations) {
    const { document, path, at, fields } = operation
    const samePath = paths.get(path)
    if (samePath) {
      const message = `the path ${path} is declared already at ${place(samePath)}`
      problems.error(document, at, message, 'Keep one operation per path and join its methods: "get,post".', 'key')
    } else paths.set(path, operation)
    const name = fields.operationId
    if (typeof name !== 'string') continue
    const sameName = names.get(name)
    if (sameName) {
      const message = `the operationId "${name}" is used already at ${place(sameName)}`
      problems.error(document, [...at, 'operationId'], message, 'Give each virtual server a name of its own.')
    } else names.set(name, operation)
  }
}

function place({ document, at }: Operation): string {
  const { file, line } = document.locate(at, 'key')
  return `${file}:${line}`
}

function reportUnused(
  policies: CompiledPolicies,
  operations: readonly Operation[],
  sources: ProjectSources,
  problems: ProblemList,
): void {
  // Text is enough here: a name that appears nowhere in the routes is used by none, and a broken route must not cause noise.
  const text = JSON.stringify(operations.map((operation) => operation.fields))
  for (const [name, at] of policies.places) {
    if (operations.length > 0 && !text.includes(JSON.stringify(name))) {
      problems.warning(sources.policies, [...at, 'name'], `no route uses the policy "${name}"`)
    }
  }
}

function findSignIn({ signIn, specs }: CompiledPolicies, routes: readonly RouteSpec[]): SignInSettings | undefined {
  const spec = signIn === undefined ? undefined : specs.get(signIn)
  if (spec === undefined || !routes.some((route) => route.inbound.includes(spec))) return undefined
  return spec.type.signInSettings?.(spec.options)
}

/** Plain http to an identity provider is for development; whoever reads it can be anybody. */
function checkIdentityProvider(
  { signIn, places }: CompiledPolicies,
  { issuer, authorizationUrl, tokenUrl, jwksUrl }: IdentityProviderSettings,
  { sources, context, problems }: Compilation,
): void {
  const insecure = [issuer, authorizationUrl, tokenUrl, jwksUrl].find((url) => url?.startsWith('http:'))
  if (context.mode === 'dev' || insecure === undefined) return
  const at = [...(places.get(signIn ?? '') ?? []), 'handler', 'options']
  const message = `\`sallyport start\` needs an identity provider on https, not ${insecure}`
  problems.error(sources.policies, at, message, 'Write its https URL, or use `sallyport dev`.')
}

/** Dev login lets anybody in under any name, so nobody but this machine may reach it. */
function checkDevLogin(
  { signIn, places }: CompiledPolicies,
  { settings, publicUrl }: { settings: Settings; publicUrl: string },
  { sources, context, problems }: Compilation,
): void {
  const at = [...(places.get(signIn ?? '') ?? []), 'handler', 'options']
  if (context.mode === 'start') {
    problems.error(
      sources.policies,
      at,
      '`sallyport start` refuses dev login: it lets anybody in',
      'Configure an identity provider, or use `sallyport dev`.',
    )
  } else if (!isLoopbackHost(settings.listen.host)) {
    problems.error(
      sources.settings,
      ['listen', 'host'],
      'dev login needs a listener that only this machine reaches',
      'Write "127.0.0.1".',
    )
  } else if (!isLoopbackHost(new URL(publicUrl).hostname)) {
    problems.error(
      sources.settings,
      ['publicUrl'],
      'dev login needs a publicUrl that only this machine reaches',
      'Remove publicUrl, or configure an identity provider.',
    )
  }
}
