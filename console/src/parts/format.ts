const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const dateTime = new Intl.DateTimeFormat('en-GB', {
  year: 'numeric',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
})
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })

/** `1,234`, and from ten thousand on `12.3K`. */
export function formatCount(value: number): string {
  return Math.abs(value) < 10_000 ? count.format(value) : compact.format(value)
}

/** A part of one, as per cent with as many digits as say something. */
export function formatShare(share: number): string {
  const percent = share * 100
  if (percent === 0 || percent === 100) return `${percent}%`
  return `${percent > 99 || percent < 1 ? percent.toFixed(2) : percent.toFixed(1)}%`
}

/** Milliseconds as `0.42 ms`, `37 ms`, `1.24 s`. */
export function formatMs(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined) return '–'
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`
  return `${milliseconds < 10 ? milliseconds.toFixed(2) : milliseconds.toFixed(0)} ms`
}

const units = ['B', 'KB', 'MB', 'GB', 'TB']

/** Bytes in the largest unit that leaves at least one, in powers of 1000. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '–'
  const step = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** step
  return `${step === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[step] ?? ''}`
}

/** Day and time of day, to the second. */
export function formatDateTime(milliseconds: number): string {
  return dateTime.format(milliseconds)
}

/** Time of day, to the second. */
export function formatClock(milliseconds: number): string {
  return clock.format(milliseconds)
}

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

/** `3 min. ago`, `in 2 days`, `now`. */
export function formatAgo(milliseconds: number, nowMs: number = Date.now()): string {
  const distance = milliseconds - nowMs
  for (const [unit, size] of steps) {
    if (Math.abs(distance) >= size) return relative.format(Math.trunc(distance / size), unit)
  }
  return Math.abs(distance) < 10_000 ? 'now' : relative.format(Math.trunc(distance / 1000), 'second')
}

/** A number of things: `1 tool`, `3 tools`. */
export function formatCounted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}
