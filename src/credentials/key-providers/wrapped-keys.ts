import { z } from 'zod'
import type { KeyProvider, VaultKey, VaultKeys } from '../../contracts/key-provider.ts'
import type { SealedValues } from '../../contracts/storage.ts'
import { generateVaultKey, VaultKeyError } from '../keys.ts'

/** A service that encrypts vault keys under a key that never leaves it. All functions reject with an error that says why. */
export interface KeyWrapper {
  /** For messages, e.g. `AWS KMS`. */
  readonly source: string
  /** Kept with what it wrapped: another kind cannot open it. */
  readonly kind: string
  /** A new key and its wrapped form. `id` is authenticated with it. */
  generate(id: string): Promise<{ readonly bytes: Buffer; readonly wrapped: string }>
  unwrap(id: string, wrapped: string): Promise<Buffer>
}

/** Name of the sealed value that holds the wrapped keys. It is sealed by the service, not by the vault. */
export const wrappedKeysName = 'vault-keys'

const wrappedKey = z.object({ kind: z.string(), id: z.string(), wrapped: z.string() })
type WrappedKey = z.output<typeof wrappedKey>

/** Keys are oldest first. The last one may not be active yet: a rotation is under way, or was cut off. */
const wrappedKeys = z.object({ active: z.string(), keys: z.array(wrappedKey) })
type WrappedKeys = z.output<typeof wrappedKeys>

/**
 * Vault keys that are kept in the store, wrapped by a service. `formerKeys` are those of before the project used the service: they open what
 * is still sealed under them.
 */
export function createWrappedKeys(wrapper: KeyWrapper, values: SealedValues, formerKeys: () => readonly VaultKey[]) {
  const opened = new Map<string, Buffer>()
  const unwrap = async ({ id, wrapped }: WrappedKey): Promise<VaultKey> => {
    const bytes = opened.get(id) ?? (await wrapper.unwrap(id, wrapped))
    if (bytes.length !== 32)
      throw new VaultKeyError(`${wrapper.source} opened the vault key "${id}", which is not 32 bytes.`)
    opened.set(id, bytes)
    return { id, bytes }
  }
  const isOurs = ({ kind }: WrappedKey) => kind === wrapper.kind
  const add = async (state: WrappedKeys | undefined): Promise<WrappedKeys> => {
    const { id } = generateVaultKey()
    const { bytes, wrapped } = await wrapper.generate(id)
    opened.set(id, bytes)
    const added = { kind: wrapper.kind, id, wrapped }
    if (!state?.keys.some(isOurs)) return { active: id, keys: [...(state?.keys ?? []), added] }
    return { ...state, keys: [...state.keys, added] }
  }
  const openAll = async ({ active, keys }: WrappedKeys): Promise<VaultKeys> => {
    const [first, ...others] = await Promise.all(keys.filter(isOurs).toSorted(byActivity(active)).map(unwrap))
    if (first === undefined) throw new VaultKeyError(`There is no vault key that ${wrapper.source} wrapped.`)
    const known = new Set([first.id, ...others.map(({ id }) => id)])
    return [first, ...others, ...formerKeys().filter(({ id }) => !known.has(id))]
  }
  const provider: KeyProvider = {
    source: wrapper.source,
    async load() {
      const text = await values.get(wrappedKeysName)
      const state = text === undefined ? undefined : parseState(text)
      if (state?.keys.some(isOurs)) return openAll(state)
      // The first start, here or in a process that was faster.
      const next = JSON.stringify(await add(state))
      if (text === undefined) return openAll(parseState(await values.putIfAbsent(wrappedKeysName, next)))
      await values.replace(wrappedKeysName, text, next)
      return openAll(parseState((await values.get(wrappedKeysName)) ?? next))
    },
    async rotate(announce) {
      await provider.load()
      const before = (await values.get(wrappedKeysName)) ?? ''
      const state = parseState(before)
      const last = state.keys.at(-1)
      const isPending = last !== undefined && isOurs(last) && last.id !== state.active
      const known = isPending ? state : await add(state)
      const knownText = JSON.stringify(known)
      if (!isPending) await swap(values, before, knownText)
      // Every gateway knows the key before anything is sealed under it.
      await announce()
      const activated = { ...known, active: known.keys.at(-1)?.id ?? known.active }
      await swap(values, isPending ? before : knownText, JSON.stringify(activated))
      await announce()
      return openAll(activated)
    },
  }
  return provider
}

function byActivity(active: string) {
  return (left: WrappedKey, right: WrappedKey) => Number(right.id === active) - Number(left.id === active)
}

async function swap(values: SealedValues, before: string, after: string): Promise<void> {
  if (await values.replace(wrappedKeysName, before, after)) return
  throw new VaultKeyError('Another process rotated the vault keys at the same moment. Nothing is lost; run this again.')
}

function parseState(text: string): WrappedKeys {
  const state = wrappedKeys.safeParse(JSON.parse(text))
  if (state.success) return state.data
  throw new VaultKeyError(`The stored value "${wrappedKeysName}" is damaged. Restore the store from its backup.`)
}
