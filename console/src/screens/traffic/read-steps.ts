/** What one policy, phase or handler did. */
export interface Step {
  readonly name: string
  /** `passed`, `edited`, `answered`, `refused` or what else it says. */
  readonly decision: string
  readonly milliseconds: number | undefined
}

/** Reads the `steps` of an event: `sign-in passed 0.04; linear-read-only edited 0.11; upstream answered 41.2`. */
export function readSteps(steps: string): readonly Step[] {
  return steps
    .split(';')
    .map((step) => step.trim())
    .filter((step) => step !== '')
    .map(readStep)
}

function readStep(text: string): Step {
  const words = text.split(' ')
  const last = Number(words.at(-1))
  const milliseconds = words.length > 1 && Number.isFinite(last) ? last : undefined
  if (milliseconds !== undefined) words.pop()
  const [name = text, ...decision] = words
  return { name, decision: decision.join(' '), milliseconds }
}
