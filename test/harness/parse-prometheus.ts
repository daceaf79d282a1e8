/** One line with a value. */
export interface PrometheusSample {
  readonly name: string
  readonly labels: { readonly [name: string]: string }
  readonly value: number
}

/** Everything between two `# HELP` lines. */
export interface PrometheusFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: readonly PrometheusSample[]
}

/**
 * Reads the text format of Prometheus, version 0.0.4, as strictly as promtool: every family announced once and in one piece, names and labels well
 * formed, no sample twice, histograms cumulative and complete. Throws what is wrong.
 */
export function parsePrometheus(text: string): ReadonlyMap<string, PrometheusFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, PrometheusFamily & { samples: PrometheusSample[] }>()
  let current: (PrometheusFamily & { samples: PrometheusSample[]; type: string }) | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][\w:]*) (.+)$/.exec(line)
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram)$/.exec(line)
    if (help) {
      const [, name = '', words = ''] = help
      if (families.has(name)) throw new Error(`${name} is announced twice`)
      current = { name, help: words, type: '', samples: [] }
      families.set(name, current)
    } else if (type) {
      if (current?.name !== type[1] || current?.samples.length !== 0) throw new Error(`misplaced: ${line}`)
      current.type = type[2] ?? ''
    } else {
      const sample = parseSample(line)
      if (!current || !belongsTo(sample, current)) throw new Error(`belongs to no family: ${line}`)
      current.samples.push(sample)
    }
  }
  for (const family of families.values()) checkFamily(family)
  return families
}

function belongsTo({ name }: PrometheusSample, family: PrometheusFamily): boolean {
  if (family.type !== 'histogram') return name === family.name
  return [`${family.name}_bucket`, `${family.name}_sum`, `${family.name}_count`].includes(name)
}

function parseSample(line: string): PrometheusSample {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(line)
  if (!match) throw new Error(`no sample: ${line}`)
  const [, name = '', labels = '', value = ''] = match
  return { name, labels: parseLabels(labels, line), value: Number(value.replace('Inf', 'Infinity')) }
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {}
  let rest = text
  while (rest !== '') {
    const match = /^([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\n"])*)"(?:,|$)/.exec(rest)
    if (!match) throw new Error(`bad labels: ${line}`)
    const [whole, name = '', value = ''] = match
    if (name in labels) throw new Error(`a label twice: ${line}`)
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
    rest = rest.slice(whole.length)
  }
  return labels
}

function checkFamily({ name, type, samples }: PrometheusFamily): void {
  if (type === '') throw new Error(`${name} has no type`)
  if (type === 'counter' && !name.endsWith('_total')) throw new Error(`counter ${name} should end with _total`)
  const nameOf = (sample: PrometheusSample) =>
    JSON.stringify([
      sample.name,
      ...Object.entries(sample.labels)
        .map((pair) => pair.join('='))
        .toSorted(),
    ])
  const seen = new Set(samples.map((sample) => nameOf(sample)))
  if (seen.size !== samples.length) throw new Error(`${name} has a sample twice`)
  if (type !== 'gauge' && samples.some(({ value }) => !(value >= 0))) throw new Error(`${name} counts below zero`)
  if (type === 'histogram') checkHistogram(name, samples)
}

function checkHistogram(name: string, samples: readonly PrometheusSample[]): void {
  const series = Map.groupBy(samples, ({ labels }) => JSON.stringify({ ...labels, le: undefined }))
  for (const [labels, group] of series) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels: { le = '' } }) => Number(le.replace('Inf', 'Infinity')))
    const values = buckets.map(({ value }) => value)
    const rises = (list: readonly number[], strictly: boolean) =>
      list.every(
        (value, index) => index === 0 || (strictly ? value > (list[index - 1] ?? 0) : value >= (list[index - 1] ?? 0)),
      )
    const count = group.find((sample) => sample.name === `${name}_count`)?.value
    const isComplete = group.length === buckets.length + 2 && bounds.at(-1) === Number.POSITIVE_INFINITY
    if (!isComplete || !rises(bounds, true) || !rises(values, false) || values.at(-1) !== count) {
      throw new Error(`${name} ${labels} is no histogram`)
    }
  }
}
