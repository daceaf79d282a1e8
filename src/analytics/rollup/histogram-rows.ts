/** Counted durations of the rows of a part. Most rows have one event, hence one bucket: only of others is a list kept. */
export class HistogramRows {
  readonly #first: number[] = []
  readonly #times: number[] = []
  readonly #more = new Map<number, number[]>()

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
      const more = this.#more.get(row) ?? []
      for (let at = 0; at < more.length; at += 2) {
        buckets.push(more[at] ?? 0)
        counts.push(more[at + 1] ?? 0)
      }
      ends.push(buckets.length)
    }
    return [ends, buckets, counts]
  }

  #addMore(row: number, bucket: number, times: number): void {
    const more = this.#more.get(row)
    if (more === undefined) this.#more.set(row, [bucket, times])
    else {
      for (let at = 0; at < more.length; at += 2) {
        if (more[at] !== bucket) continue
        more[at + 1] = (more[at + 1] ?? 0) + times
        return
      }
      more.push(bucket, times)
    }
  }
}
