import type { OperationBody, OperationResult } from '../../../../../src/admin/api-types.ts'
import type { ItemOf } from '../../../api/use-admin-pages.ts'

export type WizardAnswers = OperationBody<'planVirtualServer'>
export type UpstreamTest = OperationResult<'testUpstream'>
export type CatalogItem = ItemOf<'listCatalog'>
export type UpstreamMode = WizardAnswers['credential']['mode']
export type Capabilities = NonNullable<WizardAnswers['capabilities']>
export type CapabilityKind = 'tools' | 'prompts' | 'resources' | 'resourceTemplates'
export type SignIn = NonNullable<WizardAnswers['signIn']>

/** What was answered so far. A member is absent until its step was reached. */
export interface WizardDraft {
  readonly upstream?: WizardAnswers['upstream']
  readonly url?: string
  readonly catalogItem?: CatalogItem
  readonly test?: UpstreamTest
  readonly credential: WizardAnswers['credential']
  readonly capabilities: Capabilities
  readonly signIn?: SignIn
  readonly policies: readonly string[]
  readonly name: string
  readonly title: string
  readonly description: string
  /** Empty: the default of the name. */
  readonly path: string
}

export const emptyDraft: WizardDraft = {
  credential: { mode: 'none' },
  capabilities: {},
  policies: [],
  name: '',
  title: '',
  description: '',
  path: '',
}

/** What each step is given. */
export interface StepProps {
  readonly draft: WizardDraft
  readonly update: (change: Partial<WizardDraft>) => void
  readonly onNext: () => void
}

/** The answers as the admin API takes them. Undefined while something is missing. */
export function toAnswers(draft: WizardDraft): WizardAnswers | undefined {
  const { upstream, name, title, description, path, credential, capabilities, signIn, policies } = draft
  if (!upstream || name === '') return undefined
  return {
    upstream,
    name,
    credential,
    capabilities,
    policies: [...policies],
    ...(title !== '' && { title }),
    ...(description !== '' && { description }),
    ...(path !== '' && { path }),
    ...(signIn && { signIn }),
  }
}

/** The draft after another upstream was chosen: what was answered about the one before does not count. */
export function chooseUpstream(
  draft: WizardDraft,
  chosen: Pick<WizardDraft, 'upstream' | 'url' | 'catalogItem'>,
): Partial<WizardDraft> {
  const { signIn, policies } = draft
  const entry = chosen.catalogItem?.entry
  const named = entry ? { name: entry.id, title: entry.name, description: entry.summary } : {}
  const mode = chosen.catalogItem?.modes[0] ?? 'none'
  return { ...emptyDraft, ...(signIn && { signIn }), policies, ...named, ...chosen, credential: { mode } }
}
