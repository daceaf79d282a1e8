import type { SealedCollection, SealedEntry } from '../contracts/vault.ts'
import { keyIdOf, type RotatingVault, VaultError } from './vault.ts'

/** How many values of a collection are sealed under which key. */
export interface KeyUse {
  readonly collection: string
  readonly counts: ReadonlyMap<string, number>
}

/** A value that could not be moved to the active key. */
export interface RewrapFailure {
  readonly collection: string
  readonly name: string
  readonly message: string
}

/** What one walk over all sealed values did. */
export interface RewrapResult {
  readonly moved: number
  /** Changed by somebody else while they were read; the next walk sees what they are now. */
  readonly changed: number
  readonly failures: readonly RewrapFailure[]
}

/** In the place of a key id: the value is no sealed record. */
export const damaged = '(damaged)'

const pageSize = 200

/** Counts the values of every collection by the key they are sealed under. */
export async function countKeyUse(collections: readonly SealedCollection[]): Promise<readonly KeyUse[]> {
  return Promise.all(
    collections.map(async (collection) => {
      const counts = new Map<string, number>()
      for await (const entry of walk(collection)) {
        const id = keyIdOf(entry.sealed) ?? damaged
        counts.set(id, (counts.get(id) ?? 0) + 1)
      }
      return { collection: collection.name, counts }
    }),
  )
}

/** Ids of keys that something is sealed under. */
export function keysInUse(uses: readonly KeyUse[]): ReadonlySet<string> {
  return new Set(uses.flatMap(({ counts }) => [...counts.keys()]))
}

/**
 * Moves every value to the active key, one at a time and only where nobody changed it meanwhile, so that it can run beside gateways that
 * read and write, and can be cut off and repeated. A value that does not open is left as it is. `onMoved` hears of each value.
 */
export async function rewrapAll(
  collections: readonly SealedCollection[],
  vault: RotatingVault,
  onMoved: (collection: string) => void,
): Promise<RewrapResult> {
  const failures: RewrapFailure[] = []
  let moved = 0
  let changed = 0
  for (const collection of collections) {
    for await (const entry of walk(collection)) {
      const { name, sealed } = entry
      const next = rewrapEntry(entry, vault)
      if (next instanceof VaultError) failures.push({ collection: collection.name, name, message: next.message })
      else if (next === sealed) continue
      else if (await entry.replace(next)) {
        moved += 1
        onMoved(collection.name)
      } else changed += 1
    }
  }
  return { moved, changed, failures }
}

function rewrapEntry({ sealed, context }: SealedEntry, vault: RotatingVault): string | VaultError {
  if (keyIdOf(sealed) === vault.keyIds[0]) return sealed
  if (context === undefined) return new VaultError('This version does not know what the value belongs to.')
  try {
    return vault.rewrap(sealed, context)
  } catch (error) {
    if (error instanceof VaultError) return error
    throw error
  }
}

async function* walk(collection: SealedCollection): AsyncGenerator<SealedEntry> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = await collection.page(after, pageSize)
    yield* page.entries
    after = page.next
  }
}
