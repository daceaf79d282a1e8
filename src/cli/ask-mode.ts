import { cancel, isCancel, select } from '@clack/prompts'
import type { CatalogEntry } from '../config/catalog-entry.ts'
import type { UpstreamMode } from '../config/edit/upstream-modes.ts'
import { listModes } from '../config/edit/upstream-policy.ts'
import { UsageError } from './describe-error.ts'

const labels = {
  none: 'Open: nothing is presented',
  'user-oauth': 'Everybody signs in with their own account',
  'shared-oauth': 'One account for all, which an administrator connects',
  'user-api-key': 'Everybody stores their own key',
  'shared-api-key': 'One key for all',
} as const satisfies { [Mode in UpstreamMode]: string }

/** Asks whose credential the upstream sees. Throws a `UsageError` when the person cancels. */
export async function askMode(entry: CatalogEntry): Promise<UpstreamMode> {
  const modes = listModes(entry)
  const [only] = modes
  if (modes.length === 1 && only !== undefined) return only
  const options = modes.map((value) => ({ value, label: labels[value] }))
  const answer = await select({ message: `Whose credential does ${entry.name} see?`, options })
  if (!isCancel(answer)) return answer
  cancel('Nothing was written.')
  throw new UsageError('cancelled.')
}
