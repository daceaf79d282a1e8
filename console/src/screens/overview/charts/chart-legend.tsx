import styles from './chart-legend.module.css'

interface LegendEntry {
  readonly name: string
  readonly color: string
}

/** Which colour is what. */
export function ChartLegend({ entries }: { readonly entries: readonly LegendEntry[] }) {
  return (
    <figcaption className={styles['legend']}>
      {entries.map(({ name, color }) => (
        <span key={name}>
          <i style={{ background: color }} />
          {name}
        </span>
      ))}
    </figcaption>
  )
}
