import type { CatalogEntry } from '../catalog-entry.ts'
import { findAuth, type UpstreamAnswers, type UpstreamOffer } from './upstream-policy.ts'

/** Where a new virtual server will be, and what it waits for. */
export interface NewServerAddress {
  /** Variables that must be set before the project runs. */
  readonly variables: readonly string[]
  /** Where MCP clients reach it. */
  readonly url: string
  /** Where the authorization server of the upstream sends people back to. */
  readonly callbackUrl: string
}

/** What is left to do before the upstream can be used, in order. */
export function listSteps(
  entry: UpstreamOffer & Partial<Pick<CatalogEntry, 'quirks' | 'verified'>>,
  answers: UpstreamAnswers,
  added: NewServerAddress,
  directory: string,
): readonly string[] {
  const auth = findAuth(entry, answers.mode)
  const where = directory === '.' ? answers.name : `${answers.name} ${directory}`
  const whoConnects = {
    none: [],
    'user-oauth': ['Everybody connects their own account: on the consent page, or at /auth/connections.'],
    'shared-oauth': [`An administrator connects the account for all: sallyport connections connect ${where}`],
    'user-api-key': ['Everybody stores their own key at /auth/connections.'],
    'shared-api-key':
      answers.apiKeyEnv === undefined ? [`Store the key for all: sallyport connections set-key ${where} --shared`] : [],
  } as const
  return [
    ...(auth.kind === 'oauth' ? auth.setUp : []),
    ...(auth.kind === 'oauth' && (auth.registration === 'manual' || auth.registration === 'allow-list')
      ? [`The callback URL is ${added.callbackUrl}`]
      : []),
    ...added.variables.map((name) => `Put ${name}=… into .env or the environment.`),
    ...whoConnects[answers.mode],
    `MCP clients connect to ${added.url}`,
    ...(entry.quirks ?? []).map((quirk) => `Good to know: ${quirk}`),
    ...(entry.verified === 'unverified'
      ? ['This entry is unverified: compare it with the documentation of the vendor.']
      : []),
  ]
}
