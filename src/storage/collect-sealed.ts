import type { OAuthRecord, OAuthRecords, SealedValues } from '../contracts/storage.ts'
import type { SealContext, SealedCollection } from '../contracts/vault.ts'

/** The sealed part of a record. */
export interface SealedPart {
  readonly sealed: string
  readonly context: SealContext
  /** The payload with another sealed text in its place. */
  readonly payloadWith: (sealed: string) => string
}

/** A collection of the sealed values in records of one model. `read` gives the sealed part; undefined where a record has none. */
export function collectRecords(
  records: OAuthRecords,
  model: string,
  name: string,
  read: (record: OAuthRecord) => SealedPart | undefined,
): SealedCollection {
  return {
    name,
    async page(after, limit) {
      const page = await records.page(model, after, limit)
      const entries = page.flatMap((record) => {
        const part = read(record)
        if (part === undefined) return []
        const { idHash, payload } = record
        const replace = (sealed: string) => records.replacePayload(model, idHash, payload, part.payloadWith(sealed))
        return [{ name: `${model} ${idHash}`, sealed: part.sealed, context: part.context, replace }]
      })
      return { entries, next: page.length < limit ? undefined : page.at(-1)?.idHash }
    },
  }
}

/**
 * A collection of the gateway's own values. `contextOf` says what a value belongs to; `isOther` tells those that are not sealed by the
 * vault, or must stay as they are.
 */
export function collectValues(
  values: SealedValues,
  contextOf: (name: string) => SealContext | undefined,
  isOther: (name: string) => boolean,
): SealedCollection {
  return {
    name: 'keys of the gateway',
    async page() {
      const all = await values.list()
      const entries = all
        .filter(({ name }) => !isOther(name))
        .map(({ name, sealed }) => {
          const replace = (next: string) => values.replace(name, sealed, next)
          return { name, sealed, context: contextOf(name), replace }
        })
      return { entries }
    },
  }
}
