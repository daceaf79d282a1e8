import { LRUCache } from 'lru-cache'

type Options<K extends {}, V extends {}> = Pick<
  LRUCache.OptionsBase<K, V, unknown>,
  'dispose' | 'perf' | 'sizeCalculation' | 'ttl' | 'ttlResolution'
>

/**
 * Remembers at most `most` entries; the one that was not used for longest goes first. With `sizeCalculation`, `most` is what their sizes may
 * add up to. Memory is taken for what is in it: `max` of the package takes it for `max` entries at once, 22 bytes and more for each.
 */
export class Lru<K extends {}, V extends {}> extends LRUCache<K, V> {
  constructor(most: number, options: Options<K, V> = {}) {
    super({ sizeCalculation: () => 1, ...options, maxSize: most })
  }
}
