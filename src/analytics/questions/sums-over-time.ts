import { z } from 'zod'
import type { Tally } from '../tally.ts'
import { applyDefaults, chooseStretch } from './describe-tally.ts'
import { answerBase, type filterParams, type Measure, type QuestionReader } from './question.ts'

type SumName = Extract<keyof Tally, 'bytesIn' | 'bytesOut' | 'resultTokens'>

/** An answer of sums, together and for each stretch of time. */
export function answerOfSums<Sums extends z.ZodRawShape>(sums: Sums) {
  return answerBase.extend({
    ...sums,
    everyMs: z.int().describe('Length of a stretch. Milliseconds.'),
    points: z
      .array(z.object({ timeMs: z.int().describe('Where the stretch begins. Milliseconds since the epoch.'), ...sums }))
      .describe('Stretches without events are left out.'),
  })
}

/** Sums what fits the filter, together and for each stretch of time, oldest first. */
export async function sumOverTime<Name extends SumName>(
  reader: QuestionReader,
  params: z.output<typeof filterParams>,
  measure: Measure,
  names: readonly Name[],
) {
  const filter = applyDefaults(params, reader.nowMs)
  const everyMs = chooseStretch(filter)
  const groups = await reader.group(filter, { everyMs, measures: [measure] })
  const points = groups
    .map(({ timeMs, tally }) => ({ timeMs, ...pick(names, (name) => tally[name]) }))
    .toSorted((left, right) => left.timeMs - right.timeMs)
  const totals = pick(names, (name) => groups.reduce((total, { tally }) => total + tally[name], 0))
  return { filter, everyMs, points, ...totals }
}

function pick<Name extends string>(names: readonly Name[], valueOf: (name: Name) => number): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, valueOf(name)])) as Record<Name, number>
}
