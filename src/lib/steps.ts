/** Where in the life of a request something happened, in order. */
export const stepPhases = ['body', 'request', 'message', 'cache', 'upstream', 'result'] as const
export type StepPhase = (typeof stepPhases)[number]

/** What was decided: it went on as it was, or changed; it was answered here; it was refused, or something broke. */
export const stepDecisions = ['passed', 'edited', 'answered', 'refused', 'failed'] as const
export type StepDecision = (typeof stepDecisions)[number]

/** One step of a request while it runs. Made on the request path by one function only, so that all share one hidden class. */
export interface TimedStep {
  readonly phase: StepPhase
  /** The policy; empty in phases that no policy takes part in. */
  readonly name: string
  readonly decision: StepDecision
  /** By the monotonic clock. */
  readonly startMs: number
  readonly endMs: number
  /** What was edited, or the reason code of a refusal. */
  readonly detail: string | undefined
}

/** One step as an event tells it. */
export interface Step {
  readonly phase: StepPhase
  readonly name: string
  readonly decision: StepDecision
  readonly ms: number
  readonly detail: string | undefined
}

/**
 * The steps in a line of text, e.g. `request:sign-in passed 0.04; upstream answered 41.2; result:read-only edited 0.11 (3 of 45 tools
 * removed)`. Milliseconds, to a hundredth below ten. `parseSteps` reads it.
 */
export function formatSteps(steps: readonly TimedStep[]): string | null {
  let text = ''
  for (const { phase, name, decision, startMs, endMs, detail } of steps) {
    const label = labelsOf(phase, name)[decision]
    text = text === '' ? label + formatMs(endMs - startMs) : `${text}; ${label}${formatMs(endMs - startMs)}`
    if (detail !== undefined) text += ` (${detail.replace(reserved, encode)})`
  }
  return text === '' ? null : text
}

/** What `formatSteps` wrote. What cannot be read is left out: an event may come from another version. */
export function parseSteps(text: string | null): readonly Step[] {
  return (text ?? '').split('; ').flatMap((part) => parseStep(part) ?? [])
}

const step = /^([a-z]+)(?::(\S+))? ([a-z]+) (\d+(?:\.\d+)?)(?: \((.*)\))?$/

function parseStep(text: string): Step | undefined {
  const [, phase, name = '', decision, ms, detail] = step.exec(text) ?? []
  if (!isOneOf(stepPhases, phase) || !isOneOf(stepDecisions, decision)) return undefined
  return {
    phase,
    name: decode(name),
    decision,
    ms: Number(ms),
    detail: detail === undefined ? undefined : decode(detail),
  }
}

function isOneOf<Word extends string>(words: readonly Word[], word: string | undefined): word is Word {
  return words.some((known) => known === word)
}

// What a name or a detail must not hold for the line to be read back. Spaces are kept in details.
const reserved = /[;()%\n\r]/g
const reservedInNames = /[\s;:()%]/g
const encode = (character: string) =>
  encodeURIComponent(character).replace(/[()]/g, (mark) => (mark === '(' ? '%28' : '%29'))

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

type Labels = { readonly [Decision in StepDecision]: string }

const mostLabels = 10_000
const labels = new Map<StepPhase, Map<string, Labels>>(stepPhases.map((phase) => [phase, new Map()]))

/** Everything before the milliseconds. Policies are as many as the project has; a name is looked at once. */
function labelsOf(phase: StepPhase, name: string): Labels {
  const ofPhase = labels.get(phase)
  const known = ofPhase?.get(name)
  if (known !== undefined) return known
  const label = name === '' ? phase : `${phase}:${name.replace(reservedInNames, encode)}`
  const entries = stepDecisions.map((decision) => [decision, `${label} ${decision} `])
  const made = Object.fromEntries(entries) as Labels
  if (ofPhase && ofPhase.size >= mostLabels) ofPhase.clear()
  ofPhase?.set(name, made)
  return made
}

/** Formatting a number costs more than all the rest of a step, and most are small. */
const hundredths = Array.from({ length: 1000 }, (_, index) => (index / 100).toFixed(2))

function formatMs(ms: number): string {
  const count = Math.round(ms * 100)
  return hundredths[count] ?? (count < 0 ? '0.00' : String(Math.round(ms * 10) / 10))
}
