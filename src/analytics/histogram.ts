/**
 * Latencies are counted in log-linear buckets: below half a millisecond they are 1/256 ms wide, above it 64 of them make up each doubling. A
 * percentile is the middle of its bucket, so it is off by at most 1/128 of itself (0.8 %) or 1/512 ms.
 */
const unitsPerMs = 256
const bucketsPerDoubling = 64
const linearBuckets = 128
const maxUnits = 2 ** 31

/** Every number of a bucket is below it. */
export const bucketCount = 2048

/** Number of the bucket of a duration in milliseconds. Longer than 2.3 hours counts as that: no answer takes as long. */
export function findBucket(milliseconds: number): number {
  const units = Math.min(Math.max(Math.floor(milliseconds * unitsPerMs), 0), maxUnits - 1)
  if (units < linearBuckets) return units
  const shift = 25 - Math.clz32(units)
  return linearBuckets + shift * bucketsPerDoubling - bucketsPerDoubling + ((units >>> shift) - bucketsPerDoubling)
}

/** Where a bucket begins, in milliseconds. */
export function findBucketStart(bucket: number): number {
  if (bucket < linearBuckets) return bucket / unitsPerMs
  const shift = Math.floor((bucket - linearBuckets) / bucketsPerDoubling) + 1
  const within = (bucket - linearBuckets) % bucketsPerDoubling
  return ((bucketsPerDoubling + within) * 2 ** shift) / unitsPerMs
}

/** Room is made in steps of this many buckets. */
const step = 64

/** How many durations fell into each bucket. Takes room for the buckets between the shortest and the longest only. */
export class Histogram {
  #first = 0
  #counts = new Uint32Array(0)
  #count = 0

  get count(): number {
    return this.#count
  }

  add(bucket: number, times: number): void {
    const index = bucket - this.#first
    if (index < 0 || index >= this.#counts.length) this.#makeRoom(bucket)
    const place = bucket - this.#first
    this.#counts[place] = (this.#counts[place] ?? 0) + times
    this.#count += times
  }

  /** Adds counts of buckets from the first one on. */
  addCounts(counts: Uint32Array): void {
    for (let bucket = 0; bucket < counts.length; bucket++) {
      const times = counts[bucket] ?? 0
      if (times > 0) this.add(bucket, times)
    }
  }

  /** The duration below which this share (0 to 1) of all lie, in milliseconds. Null without any. */
  percentile(share: number): number | null {
    if (this.#count === 0) return null
    let left = Math.max(Math.ceil(share * this.#count), 1)
    for (const [index, times] of this.#counts.entries()) {
      left -= times
      if (left > 0) continue
      const bucket = this.#first + index
      return (findBucketStart(bucket) + findBucketStart(bucket + 1)) / 2
    }
    return null
  }

  #makeRoom(bucket: number): void {
    const isEmpty = this.#counts.length === 0
    const from = Math.floor(bucket / step) * step
    const first = isEmpty ? from : Math.min(this.#first, from)
    const end = Math.max(isEmpty ? 0 : this.#first + this.#counts.length, from + step)
    const counts = new Uint32Array(end - first)
    if (!isEmpty) counts.set(this.#counts, this.#first - first)
    this.#first = first
    this.#counts = counts
  }
}
