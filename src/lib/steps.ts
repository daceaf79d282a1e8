/** Where in the life of a request something happened, in order. */
export const stepPhases = ['body', 'request', 'message', 'cache', 'upstream', 'result'] as const
export type StepPhase = (typeof stepPhases)[number]

/** What was decided: it went on as it was, or changed; it was answered here; it was refused, or something broke. */
export const stepDecisions = ['passed', 'edited', 'answered', 'refused', 'failed'] as const
export type StepDecision = (typeof stepDecisions)[number]

/** What was decided in one step of a request. */
export interface DecidedStep {
  readonly phase: StepPhase
  /** The policy; empty in phases that no policy takes part in. */
  readonly name: string
  readonly decision: StepDecision
  /** What was edited, or the reason code of a refusal. */
  readonly detail: string | undefined
}

/** One step as an event tells it. */
export interface Step extends DecidedStep {
  readonly ms: number
}

/** One step of a request, by the monotonic clock. */
export interface TimedStep extends DecidedStep {
  readonly startMs: number
  readonly endMs: number
}

/** Ways that are remembered, and how many go on from one. More than policies make; but details count what was edited, which varies. */
const mostPaths = 10_000
const mostBranches = 50
let paths = 0

/**
 * The steps of a request so far. Requests that went the same way share one object, and its text: hardly any request goes a way of its own, so
 * that none makes the text again.
 */
export class StepPath {
  /** The step that led here. */
  readonly last: DecidedStep | undefined
  readonly #before: StepPath | undefined
  /** The ways that go on from here are a chain: this begins it, and each leads to its sibling. Most are the only one. */
  #next: StepPath | undefined
  #sibling: StepPath | undefined
  #branches = 0
  #text: string | undefined

  constructor(before?: StepPath, last?: DecidedStep) {
    this.#before = before
    this.last = last
    paths++
  }

  /** The way that goes on with this step. */
  followedBy(phase: StepPhase, name: string, decision: StepDecision, detail: string | undefined): StepPath {
    let known = this.#next
    while (known !== undefined && !known.#isAfter(phase, name, decision, detail)) known = known.#sibling
    return known ?? this.#branch({ phase, name, decision, detail })
  }

  #branch(step: DecidedStep): StepPath {
    const path = new StepPath(this, step)
    if (this.#branches === mostBranches) return path
    path.#sibling = this.#next
    this.#next = path
    this.#branches++
    return path
  }

  /** The steps, in order. */
  list(): readonly DecidedStep[] {
    return this.last ? [...(this.#before?.list() ?? []), this.last] : []
  }

  /**
   * The steps in a line of text, e.g. `request:sign-in passed; upstream answered; result:read-only edited (3 of 45 tools removed)`. Null: there
   * are none. `parseSteps` reads it.
   */
  get text(): string | null {
    if (this.last === undefined) return null
    this.#text ??= this.list().map(formatStep).join('; ')
    return this.#text
  }

  #isAfter(phase: StepPhase, name: string, decision: StepDecision, detail: string | undefined): boolean {
    const { last } = this
    return last?.phase === phase && last.name === name && last.decision === decision && last.detail === detail
  }
}

let start = new StepPath()

/** Where every way begins. */
export function startSteps(): StepPath {
  if (paths > mostPaths) {
    paths = 0
    start = new StepPath()
  }
  return start
}

function formatStep({ phase, name, decision, detail }: DecidedStep): string {
  const label = name === '' ? phase : `${phase}:${name.replace(reservedInNames, encode)}`
  return `${label} ${decision}${detail === undefined ? '' : ` (${detail.replace(reserved, encode)})`}`
}

/** The steps of a way with their times: a start and an end for each. */
export function timeSteps(path: StepPath, times: readonly number[]): readonly TimedStep[] {
  return path.list().map((step, index) => {
    const startMs = times[2 * index] ?? 0
    return { ...step, startMs, endMs: times[2 * index + 1] ?? startMs }
  })
}

/** How long each step took, e.g. `0.04 41.2 0.11`: milliseconds, to a hundredth below ten. Null: there are none. */
export function formatStepMs(times: readonly number[]): string | null {
  if (times.length === 0) return null
  let text = formatMs((times[1] ?? 0) - (times[0] ?? 0))
  for (let at = 2; at + 1 < times.length; at += 2) {
    text += formatNextMs((times[at + 1] ?? 0) - (times[at] ?? 0))
  }
  return text
}

/** The members `steps` and `stepMs` of an event. What cannot be read is left out: an event may come from another version. */
export function parseSteps(text: string | null, milliseconds: string | null): readonly Step[] {
  const times = (milliseconds ?? '').split(' ')
  return (text ?? '').split('; ').flatMap((part, index) => parseStep(part, Number(times[index])) ?? [])
}

const stepPattern = /^([a-z]+)(?::(\S+))? ([a-z]+)(?: \((.*)\))?$/

function parseStep(text: string, ms: number): Step | undefined {
  const [, phase, name = '', decision, detail] = stepPattern.exec(text) ?? []
  if (!isOneOf(stepPhases, phase) || !isOneOf(stepDecisions, decision) || !Number.isFinite(ms)) return undefined
  return { phase, name: decode(name), decision, ms, detail: detail === undefined ? undefined : decode(detail) }
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

/** Formatting a number costs more than all the rest of a step, and most are small. */
const hundredths = Array.from({ length: 1000 }, (_, index) => (index / 100).toFixed(2))
/** Those that others precede: one text to add instead of two. */
const nextHundredths = hundredths.map((text) => ` ${text}`)

function formatMs(ms: number): string {
  const count = countHundredths(ms)
  return hundredths[count] ?? (count < 0 ? '0.00' : String(Math.round(ms * 10) / 10))
}

function formatNextMs(ms: number): string {
  return nextHundredths[countHundredths(ms)] ?? ` ${formatMs(ms)}`
}

/** What `Math.round` would say, at less than half its price. */
function countHundredths(ms: number): number {
  return Math.floor(ms * 100 + 0.5)
}
