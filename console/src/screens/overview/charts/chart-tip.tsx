import { formatDateTime } from '../../../parts/format.ts'
import styles from './chart-tip.module.css'

interface ChartTipProps<Value> {
  readonly timeMs: number
  readonly lines: readonly { readonly name: string; readonly color: string; readonly value: Value }[]
  readonly format: (value: Value) => string
}

/** The values of the stretch under the pointer. */
export function ChartTip<Value>({ timeMs, lines, format }: ChartTipProps<Value>) {
  if (!Number.isFinite(timeMs)) return null
  return (
    <div className={styles['tip']}>
      <p className="soft">{formatDateTime(timeMs)}</p>
      {lines.map(({ name, color, value }) => (
        <p key={name} className={styles['line']}>
          <i style={{ background: color }} />
          {name}
          <strong>{format(value)}</strong>
        </p>
      ))}
    </div>
  )
}
