import { z } from 'zod'
import type { CatalogAuth } from '../../config/catalog-entry.ts'
import type { ConfigEdit } from '../../config/edit/config-edit.ts'
import { EditError } from '../../config/edit/edit-error.ts'
import { listSteps } from '../../config/edit/list-steps.ts'
import { planRemoval, planSwitch } from '../../config/edit/plan-change.ts'
import { listPolicies, planVirtualServer } from '../../config/edit/plan-virtual-server.ts'
import { findAuth, kindOfMode, type UpstreamAnswers, type UpstreamOffer } from '../../config/edit/upstream-policy.ts'
import { type ProjectSources, parseProject } from '../../config/load-project.ts'
import { readCatalog } from '../../config/read-catalog.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { limitRequests } from '../../http/limit-requests.ts'
import type { AdminHost } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'
import { describePlan } from '../describe-plan.ts'
import type { OperationInput } from '../operation.ts'
import type { OperationOf } from '../operations/index.ts'
import { projectEditorOf, projectTypes } from '../project-editor-of.ts'

type Wanted = OperationInput<OperationOf<'planVirtualServer'>>['body']

/** Tests of upstreams of one administrator, and of all. */
const takeTest = limitRequests({ perAddress: 30, total: 120, windowSeconds: 300 }, Date.now)

export const wizardAnswers: AnswersOf<
  'testUpstream' | 'planVirtualServer' | 'listSignInChoices' | 'planSwitch' | 'planRemoval'
> = {
  async testUpstream({ body }, { host, administrator, signal }) {
    const wait = takeTest(administrator.subject)
    if (wait > 0) throw new GatewayError('limit_rate_exceeded', { headers: { 'retry-after': String(wait) } })
    const { testUpstream } = await import('../test-upstream.ts')
    return testUpstream(body, host, signal)
  },
  async planVirtualServer({ body }, { host }) {
    const sources = await readSources(host)
    const offer = await findOffer(body, host)
    const answers = answersOf(body)
    const { capabilities } = body
    const listed = (names: readonly string[] | null) => names ?? undefined
    const {
      edits,
      path: _,
      ...address
    } = planVirtualServer(
      {
        offer,
        answers,
        path: body.path,
        inbound: inboundOf(body),
        newSignIn: body.signIn?.kind === 'new' ? body.signIn : undefined,
        capabilities: {
          tools: listed(capabilities.tools),
          prompts: listed(capabilities.prompts),
          resources: listed(capabilities.resources),
          resourceTemplates: listed(capabilities.resourceTemplates),
        },
        extraInbound: body.policies,
      },
      { sources, project: host.project(), policyTypes: projectTypes.policyTypes },
    )
    return {
      ...(await planOf(edits, host)),
      name: answers.name,
      url: address.url,
      callbackUrl: address.callbackUrl,
      variables: [...address.variables],
      steps: [...listSteps(offer, answers, address, '.')],
    }
  },
  async listSignInChoices(_input, { host }) {
    const sources = await readSources(host)
    const { mode, routes } = host.project()
    const named = listPolicies(sources).map(({ name, type }) => {
      const usedBy = routes.filter(({ inbound }) => inbound.some((each) => each.name === name))
      const declared = projectTypes.policyTypes.find((each) => each.type === type)
      return { name, type, declared, usedBy: usedBy.map(({ operationId }) => operationId) }
    })
    const signsIn = ({ declared }: (typeof named)[number]) =>
      declared?.signInSettings !== undefined || declared?.authenticates === true
    const hasSignIn = named.some(({ declared }) => declared?.signInSettings !== undefined)
    return {
      existing: named.filter(signsIn).map(({ name, type, usedBy }) => ({ name, type, usedBy })),
      others: named
        .filter((each) => !signsIn(each) && each.declared?.upstreamSettings === undefined)
        .map(({ name, type, declared }) => ({ name, type, summary: declared?.summary ?? '' })),
      types: hasSignIn ? [] : listSignInTypes(),
      devLogin: mode === 'dev',
    }
  },
  async planSwitch({ params: { name }, body: { enabled } }, { host }) {
    return planOf(planSwitch(await readSources(host), name, enabled), host)
  },
  async planRemoval({ params: { name } }, { host }) {
    return planOf(planRemoval(await readSources(host), name), host)
  },
}

async function readSources(host: AdminHost): Promise<ProjectSources> {
  const { files } = await projectEditorOf(host).read()
  return parseProject(host.project().directory, files)
}

async function planOf(edits: readonly ConfigEdit[], host: AdminHost) {
  const described = await describePlan(await projectEditorOf(host).plan(edits), host.project(), { isTyped: true })
  return { ...described, edits: edits.map(toSent) }
}

/** As `config/apply` takes it. */
function toSent(edit: ConfigEdit) {
  if (edit.kind === 'set') return { ...edit, path: [...edit.path], value: edit.value as z.core.util.JSONType }
  if (edit.kind === 'insert') return { ...edit, path: [...edit.path], value: edit.value as z.core.util.JSONType }
  return edit.kind === 'remove' ? { ...edit, path: [...edit.path] } : edit
}

async function findOffer({ upstream, title, description, ...wanted }: Wanted, host: AdminHost): Promise<UpstreamOffer> {
  if (upstream.from === 'url') {
    const auth = customAuth(wanted.credential)
    return { name: title ?? wanted.name, summary: description ?? '', url: upstream.url, auth: [auth] }
  }
  const entry = (await readCatalog(host.project().directory)).find(({ id }) => id === upstream.id)
  if (entry === undefined) throw new EditError(`the catalogue has no "${upstream.id}"`)
  const own = { ...entry, name: title ?? entry.name, summary: description ?? entry.summary }
  const { scopes, clientIdEnv, apiKeyHeader, apiKeyScheme } = wanted.credential
  const found = findAuth(own, wanted.credential.mode)
  if (found.kind === 'oauth') {
    const registration = clientIdEnv === undefined ? found.registration : ('manual' as const)
    return { ...own, auth: [{ ...found, registration, scopes: scopes.length > 0 ? scopes : found.scopes }] }
  }
  if (found.kind === 'none') return own
  return { ...own, auth: [{ ...found, header: apiKeyHeader ?? found.header, scheme: apiKeyScheme ?? found.scheme }] }
}

function customAuth({ mode, scopes, clientIdEnv, apiKeyHeader, apiKeyScheme }: Wanted['credential']): CatalogAuth {
  const kind = kindOfMode(mode)
  if (kind === 'none') return { kind }
  if (kind === 'api-key') return { kind, header: apiKeyHeader ?? 'authorization', scheme: apiKeyScheme ?? 'Bearer' }
  return { kind, registration: clientIdEnv === undefined ? 'dcr' : 'manual', scopes, setUp: [] }
}

function answersOf({ name, credential }: Wanted): UpstreamAnswers {
  const prefix = name.toUpperCase().replaceAll('-', '_')
  const { mode, clientIdEnv, clientSecretEnv, apiKeyEnv } = credential
  return {
    mode,
    name,
    clientIdEnv: clientIdEnv ?? `${prefix}_CLIENT_ID`,
    clientSecretEnv: clientSecretEnv ?? `${prefix}_CLIENT_SECRET`,
    apiKeyEnv,
  }
}

function inboundOf({ signIn }: Wanted): readonly string[] | undefined {
  if (signIn === undefined) return undefined
  return signIn.kind === 'existing' ? signIn.policies : []
}

function listSignInTypes() {
  return projectTypes.policyTypes
    .filter((type) => type.signInSettings !== undefined)
    .map(({ type, summary, options }) => ({
      type,
      summary,
      schema: z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' }) as { [name: string]: unknown },
    }))
}
