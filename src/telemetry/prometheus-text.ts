import { countOf, type LatencyHistogram, latencyBounds } from './latency-histogram.ts'

/** Names and values of labels; those with an empty value are left out, which means the same. */
export type Labels = { readonly [name: string]: string }

/** One number of a family. */
export interface Sample {
  readonly labels?: Labels | undefined
  readonly value: number
}

/** Everything of one name. */
export type MetricFamily =
  | {
      readonly name: string
      readonly help: string
      readonly type: 'counter' | 'gauge'
      readonly samples: readonly Sample[]
    }
  | {
      readonly name: string
      readonly help: string
      readonly type: 'histogram'
      readonly samples: readonly { readonly labels: Labels; readonly histogram: LatencyHistogram }[]
    }

export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Families in the text format of Prometheus, version 0.0.4. */
export function renderFamilies(families: readonly MetricFamily[]): string {
  return families.map((family) => renderFamily(family)).join('')
}

function renderFamily(family: MetricFamily): string {
  const { name } = family
  const head = `# HELP ${name} ${escapeHelp(family.help)}\n# TYPE ${name} ${family.type}\n`
  if (family.type !== 'histogram') {
    return head + family.samples.map(({ labels, value }) => line(name, labels ?? {}, value)).join('')
  }
  return head + family.samples.map(({ labels, histogram }) => renderHistogram(name, labels, histogram)).join('')
}

function renderHistogram(name: string, labels: Labels, histogram: LatencyHistogram): string {
  let cumulative = 0
  const buckets = histogram.counts.map((count, index) => {
    cumulative += count
    return line(`${name}_bucket`, { ...labels, le: formatBound(latencyBounds[index]) }, cumulative)
  })
  return `${buckets.join('')}${line(`${name}_sum`, labels, histogram.sum)}${line(`${name}_count`, labels, countOf(histogram))}`
}

const formatBound = (bound: number | undefined) => (bound === undefined ? '+Inf' : String(bound))

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels)
    .filter(([, text]) => text !== '')
    .map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${formatValue(value)}\n`
}

function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}

const escapeHelp = (text: string) => text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`)
const escapeLabel = (text: string) => escapeHelp(text).replaceAll('"', String.raw`\"`)
