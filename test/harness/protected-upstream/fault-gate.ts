import type { Endpoint, Fault, ServerName } from './behaviour.ts'
import type { Answer } from './http-call.ts'

/** What a request is, for faults. */
interface Passage {
  readonly at: Endpoint
  readonly server: ServerName | undefined
  readonly grant: string | undefined
}

/** Lets requests pass, holds them, or spoils them, as the test wishes. */
export class FaultGate {
  #faults: { readonly fault: Fault; left: number }[] = []
  #held: (() => void)[] = []

  get held(): number {
    return this.#held.length
  }

  replace(faults: readonly Fault[]): void {
    this.#faults = faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }))
  }

  /** Runs `answer` with the faults around it. */
  async pass(passage: Passage, answer: () => Promise<Answer> | Answer): Promise<Answer | 'hang-up'> {
    const before = await this.#meet(passage, 'before')
    if (before) return before
    const given = await answer()
    return (await this.#meet(passage, 'after')) ?? given
  }

  async #meet(passage: Passage, when: 'before' | 'after'): Promise<Answer | 'hang-up' | undefined> {
    const met = this.#faults.find(({ fault, left }) => left > 0 && applies(fault, passage, when))
    if (met === undefined) return undefined
    met.left -= 1
    if (met.fault.do !== 'hold') return met.fault.do
    await this.hold()
    return undefined
  }

  /** Waits for the next release. */
  hold(): Promise<void> {
    return new Promise((resolve) => this.#held.push(resolve))
  }

  /** Lets everything go that is held now. */
  release(): void {
    for (const resolve of this.#held.splice(0)) resolve()
  }
}

function applies(fault: Fault, passage: Passage, when: 'before' | 'after'): boolean {
  return (
    fault.at === passage.at &&
    (fault.when ?? 'before') === when &&
    (fault.server === undefined || fault.server === passage.server) &&
    (fault.grant === undefined || fault.grant === passage.grant)
  )
}
