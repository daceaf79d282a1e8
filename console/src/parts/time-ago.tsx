import { Tooltip } from '@mantine/core'
import { formatAgo, formatDateTime } from './format.ts'

interface TimeAgoProps {
  /** RFC 3339 text, or milliseconds since the epoch. */
  readonly at: string | number | null
  /** Stands for no time. */
  readonly none?: string
}

/** How long ago; the exact time at hand. */
export function TimeAgo({ at, none = 'never' }: TimeAgoProps) {
  if (at === null) return <span className="soft">{none}</span>
  const milliseconds = typeof at === 'number' ? at : Date.parse(at)
  return (
    <Tooltip label={formatDateTime(milliseconds)}>
      <time dateTime={new Date(milliseconds).toISOString()}>{formatAgo(milliseconds)}</time>
    </Tooltip>
  )
}
