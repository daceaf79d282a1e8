import { styleText } from 'node:util'
import type { GatewayEvent } from '../analytics/event.ts'
import { parseSteps } from '../lib/steps.ts'
import { replaceUnprintable } from './replace-unprintable.ts'

const colours = { passed: 'dim', edited: 'yellow', answered: 'green', refused: 'red', failed: 'red' } as const

/** The steps of an event as lines for people, in order. */
export function formatEventSteps(
  { steps, stepMs }: Pick<GatewayEvent, 'steps' | 'stepMs'>,
  stream: NodeJS.WritableStream,
): string[] {
  return parseSteps(steps, stepMs).map(({ phase, name, decision, ms, detail }) => {
    const cells = [
      `    ${ms.toFixed(2).padStart(9)} ms`,
      phase.padEnd(8),
      styleText(colours[decision], decision.padEnd(8), { stream }),
      replaceUnprintable(name),
      detail === undefined ? '' : replaceUnprintable(`(${detail})`),
    ]
    return cells.filter((cell) => cell !== '').join('  ')
  })
}
