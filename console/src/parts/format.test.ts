import { expect, it } from 'vitest'
import { formatAgo, formatBytes, formatCount, formatMs, formatShare } from './format.ts'

it.each([
  [0, '0'],
  [9999, '9,999'],
  [12_345, '12.3K'],
  [3_400_000, '3.4M'],
])('counts %d as %s', (value, text) => expect(formatCount(value)).toBe(text))

it.each([
  [1, '100%'],
  [0, '0%'],
  [0.9996, '99.96%'],
  [0.954, '95.4%'],
  [0.0042, '0.42%'],
])('shows the share %d as %s: never all or nothing that it is not', (share, text) =>
  expect(formatShare(share)).toBe(text),
)

it.each([
  [0.041, '0.04 ms'],
  [37.4, '37 ms'],
  [1240, '1.24 s'],
  [null, '–'],
])('shows %s milliseconds as %s', (value, text) => expect(formatMs(value)).toBe(text))

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [18_234, '18.2 KB'],
  [432_000_000, '432 MB'],
])('shows %d bytes as %s', (value, text) => expect(formatBytes(value)).toBe(text))

it.each([
  [-4_000, 'now'],
  [-45_000, '45 sec. ago'],
  [-180_000, '3 min. ago'],
  [172_800_000, 'in 2 days'],
])('shows %d milliseconds from now as %s', (distance, text) => expect(formatAgo(1e12 + distance, 1e12)).toBe(text))
