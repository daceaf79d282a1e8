import { expect, test } from 'vitest'
import { measureRounds } from './measure-rounds.ts'
import { composeReport, renderMarkdown } from './report.ts'
import type { Sample } from './statistics.ts'

const sample = (cpuSeconds: number): Sample => ({ completed: 500, seconds: 2, p50: 4_000, p99: 9_500, cpuSeconds })

async function measureThreeRounds() {
  const said: string[] = []
  const measure = async (_: unknown, number: number) => {
    if (number === 1) throw new Error('one answer was wrong')
    return { gateway: sample(number === 0 ? 0.5 : 0.7) }
  }
  const rounds = await measureRounds([{ name: 'refresh-16' }], 3, measure, (line) => said.push(line))
  return { rounds, said }
}

test('a round with an error is void: it keeps its place, counts nothing and is named', async () => {
  const { rounds, said } = await measureThreeRounds()
  expect(rounds[0]?.rounds).toEqual([{ gateway: sample(0.5) }, {}, { gateway: sample(0.7) }])
  expect(rounds[0]?.voided).toEqual(['Error: one answer was wrong'])
  expect(said[1]).toBe('round 2/3 refresh-16: VOID, Error: one answer was wrong')
})

test('the authorization server has a table of its own, in milliseconds, without nginx', async () => {
  const { rounds } = await measureThreeRounds()
  const lines = renderMarkdown(composeReport([], rounds, [], undefined)).split('\n')
  expect(lines).toContain('| authorization server | rounds | operations/s | CPU ms/operation | p50 ms | p99 ms |')
  expect(lines).toContain('| refresh-16 | 2 | 250 | 1.20 | 4.00 | 9.50 |')
  expect(lines).toContain('Void round of refresh-16: Error: one answer was wrong')
  expect(lines.some((line) => line.startsWith('| case |'))).toBe(false)
})
