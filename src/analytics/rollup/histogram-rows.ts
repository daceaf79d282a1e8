/** Counted durations of the rows of a part. Most rows have one event, hence one bucket: only of others is a list kept. */
export class HistogramRows {
  readonly #first: number[] = []
  readonly #times: number[] = []
  readonly #more = new Map<number, Map<number, number>>()

  /** Makes room for a row without durations. */
  addRow(): void {
    this.#first.push(0)
    this.#times.push(0)
  }

  add(row: number, bucket: number, times: number): void {
    if (this.#times[row] === 0) {
      this.#first[row] = bucket
      this.#times[row] = times
    } else if (this.#first[row] === bucket) this.#times[row] = (this.#times[row] ?? 0) + times
    else this.#addMore(row, bucket, times)
  }

  /** Where the buckets of each row end, the buckets, and how often each. */
  finish(): readonly [ends: number[], buckets: number[], counts: number[]] {
    const [ends, buckets, counts]: [number[], number[], number[]] = [[], [], []]
    for (const [row, times] of this.#times.entries()) {
      if (times > 0) {
        buckets.push(this.#first[row] ?? 0)
        counts.push(times)
      }
      for (const [bucket, more] of this.#more.get(row) ?? []) {
        buckets.push(bucket)
        counts.push(more)
      }
      ends.push(buckets.length)
    }
    return [ends, buckets, counts]
  }

  #addMore(row: number, bucket: number, times: number): void {
    const more = this.#more.get(row)
    if (more === undefined) this.#more.set(row, new Map([[bucket, times]]))
    else more.set(bucket, (more.get(bucket) ?? 0) + times)
  }
}
