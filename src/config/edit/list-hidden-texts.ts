import { sha256 } from '../../lib/hash.ts'
import { isSecretName } from '../../telemetry/secret-text.ts'
import type { Project } from '../project.ts'
import { looksSecret } from './find-literal-secrets.ts'

/**
 * Hashes of texts of options and settings that no schema declares as secret and that files are shown without all the same, because of their name
 * or their look: the URL of a token endpoint with a key in it. Who edits can move them, and does not know them.
 */
export function listHiddenTexts(project: Project): ReadonlySet<string> {
  const { routes, switchedOff, idlePolicies, settings } = project
  const all = [...routes, ...switchedOff]
  const options = [...all.map(({ handler }) => handler), ...all.flatMap(({ inbound }) => inbound), ...idlePolicies]
  return new Set([...options.map((each) => each.options), settings].flatMap((each) => listHidden(each, '')))
}

function listHidden(value: unknown, name: string): readonly string[] {
  if (typeof value === 'string') return isSecretName(name) || looksSecret(value) ? [sha256(value)] : []
  if (Array.isArray(value)) return value.flatMap((each) => listHidden(each, name))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([member, each]) => listHidden(each, member))
}
