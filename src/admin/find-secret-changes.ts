import { listHiddenTexts } from '../config/edit/list-hidden-texts.ts'
import { listSecretUses, type SecretUse } from '../config/edit/secret-uses.ts'
import type { Project } from '../config/project.ts'

/** A secret that a change would have used where it was not used before, or sent to where it was not sent before. */
export interface SecretChange {
  /** One sentence for people, without the full stop. */
  readonly what: string
  /** Name of the variable; null: it is none. */
  readonly variable: string | null
  /** Hosts that would receive it and did not before; empty: only its use is new. */
  readonly hosts: readonly string[]
}

/** Where the secrets of a changed project come from. */
export interface ChangeSource {
  /** Whoever makes the change wrote all of it, so a secret that was in no file before is their own. False: it comes out of the history. */
  readonly isTyped: boolean
}

/**
 * Secrets that would go where they did not go before. An edit may take a use away; each one that it adds, for whatever reason, is listed: which
 * variable goes to which host is what an owner decides.
 */
export function findSecretChanges(before: Project, after: Project, { isTyped }: ChangeSource): readonly SecretChange[] {
  const earlier = listSecretUses(before)
  const known = new Set(earlier.filter(({ isIdle }) => !isIdle).map(({ fingerprint }) => fingerprint))
  const hidden = [...listHiddenTexts(before)].map((hash) => `literal ${hash}`)
  const secrets = new Set([...earlier.map(({ secret }) => secret), ...hidden])
  const isOwn = ({ kind, secret }: SecretUse) => kind === 'literal' && isTyped && !secrets.has(secret)
  const added = listSecretUses(after).filter((use) => !use.isIdle && !known.has(use.fingerprint) && !isOwn(use))
  return added.map((use) => describeUse(use, earlier))
}

function describeUse({ secret, kind, variable, place, hosts }: SecretUse, earlier: readonly SecretUse[]): SecretChange {
  const reached = new Set(
    earlier.filter((each) => each.secret === secret && !each.isIdle).flatMap((each) => each.hosts),
  )
  const newHosts = hosts.filter((host) => !reached.has(host))
  const names = { variable: `$env(${variable})`, literal: 'a secret of the files', 'sign-in': 'the sign-in of people' }
  const does =
    newHosts.length > 0 ? `could be sent to ${newHosts.join(' and ')}` : 'would be used where it was not used before'
  return { what: `${names[kind]} ${does} (${place})`, variable: variable ?? null, hosts: newHosts }
}
