/** What one round of load on one variant gave. Times of calls in microseconds. */
export interface Sample {
  readonly completed: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  /** CPU time of the measured process and its children. */
  readonly cpuSeconds: number
}

/** The samples of one round by variant. `direct` is the upstream without anything in front of it. */
export type Round = { readonly [variant: string]: Sample | undefined }

/** Medians over the rounds; ratios are medians of the ratios inside each round. Undefined where no round has both sides. */
export interface Summary {
  readonly rounds: number
  readonly cpuMicrosecondsPerCall: number | undefined
  readonly callsPerSecond: number | undefined
  readonly p50: number | undefined
  readonly p99: number | undefined
  readonly addedP50: number | undefined
  readonly addedP99: number | undefined
  readonly toNginx: {
    readonly cpu: number | undefined
    /** Lowest and highest ratio of a round: how far the median can be trusted. Empty where `cpu` is undefined. */
    readonly cpuRange: readonly number[]
    readonly throughput: number | undefined
    readonly addedP50: number | undefined
    readonly addedP99: number | undefined
  }
}

type Measure = (sample: Sample) => number

const cpuMicrosecondsPerCall: Measure = (sample) => (sample.cpuSeconds * 1e6) / sample.completed
/** Calls per second over the whole round. */
export const callsPerSecond: Measure = (sample) => sample.completed / sample.seconds

/** The middle value; the mean of the two middle ones of an even number. Undefined of none. */
export function computeMedian(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2
}

/** Slope of the straight line that fits the points best (least squares). 0 where there is no line. */
export function computeSlope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const meanX = mean(points.map(([x]) => x))
  const meanY = mean(points.map(([, y]) => y))
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return spread > 0 ? points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread : 0
}

/** The median of the ratios of pairs; pairs whose denominator is not positive say nothing and are left out. */
export function computeMedianRatio(pairs: readonly (readonly [number, number])[]): number | undefined {
  return computeMedian(
    pairs.filter(([, denominator]) => denominator > 0).map(([numerator, denominator]) => numerator / denominator),
  )
}

/** Lowest and highest ratio of the pairs. Empty of none. */
function findRange(pairs: readonly (readonly [number, number])[]): readonly number[] {
  const ratios = pairs.filter(([, denominator]) => denominator > 0).map(([left, right]) => left / right)
  return ratios.length === 0 ? [] : [Math.min(...ratios), Math.max(...ratios)]
}

/** Pairs one variant of each round with another one of the same round. */
export function pairRounds(
  rounds: readonly Round[],
  left: string,
  right: string,
  measure: (sample: Sample, direct: Sample | undefined) => number | undefined,
): (readonly [number, number])[] {
  return rounds.flatMap((round) => {
    const [a, b] = [round[left], round[right]].map((sample) => sample && measure(sample, round['direct']))
    return a === undefined || b === undefined ? [] : [[a, b] as const]
  })
}

const added = (measure: Measure) => (sample: Sample, direct: Sample | undefined) =>
  direct && measure(sample) - measure(direct)

/** Everything the report says about one variant of one case. */
export function summarizeVariant(rounds: readonly Round[], variant: string): Summary {
  const own = rounds.flatMap((round) => round[variant] ?? [])
  const medianOf = (measure: Measure) => computeMedian(own.map(measure))
  const addedOf = (measure: Measure) =>
    variant === 'direct'
      ? undefined
      : computeMedian(pairRounds(rounds, variant, variant, added(measure)).map(([value]) => value))
  const ratioOf = (measure: Parameters<typeof pairRounds>[3]) =>
    variant === 'direct' ? undefined : computeMedianRatio(pairRounds(rounds, variant, 'nginx', measure))
  const p50: Measure = (sample) => sample.p50
  const p99: Measure = (sample) => sample.p99
  return {
    rounds: own.length,
    cpuMicrosecondsPerCall: medianOf(cpuMicrosecondsPerCall),
    callsPerSecond: medianOf(callsPerSecond),
    p50: medianOf(p50),
    p99: medianOf(p99),
    addedP50: addedOf(p50),
    addedP99: addedOf(p99),
    toNginx: {
      cpu: ratioOf(cpuMicrosecondsPerCall),
      cpuRange: variant === 'direct' ? [] : findRange(pairRounds(rounds, variant, 'nginx', cpuMicrosecondsPerCall)),
      throughput: ratioOf(callsPerSecond),
      addedP50: ratioOf(added(p50)),
      addedP99: ratioOf(added(p99)),
    },
  }
}
