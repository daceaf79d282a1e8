interface Counted {
  readonly filter: { readonly sinceMs?: number | undefined; readonly untilMs?: number | undefined }
  readonly everyMs: number
}

const dayMs = 86_400_000
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hour12: false })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

/** The points with the stretches between them in which nothing happened, so that time runs evenly. */
export function fillStretches<Point extends { readonly timeMs: number }>(
  { filter, everyMs }: Counted,
  points: readonly Point[],
  empty: () => Omit<Point, 'timeMs'>,
): readonly Point[] {
  const byTime = new Map(points.map((point) => [point.timeMs, point]))
  const first = points[0]?.timeMs ?? filter.sinceMs ?? 0
  const sinceMs = first - Math.floor((first - (filter.sinceMs ?? first)) / everyMs) * everyMs
  const filled: Point[] = []
  for (let timeMs = sinceMs; timeMs < (filter.untilMs ?? first); timeMs += everyMs) {
    filled.push(byTime.get(timeMs) ?? ({ ...empty(), timeMs } as Point))
  }
  return filled
}

/** When a stretch begins, as short as its length allows. */
export function formatTick(timeMs: number, everyMs: number): string {
  return everyMs >= dayMs / 4 ? day.format(timeMs) : time.format(timeMs)
}
