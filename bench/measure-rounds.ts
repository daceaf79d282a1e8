import type { CaseRounds } from './report.ts'
import type { Round } from './statistics.ts'

/** Goes through all cases once per round. What rejects voids its round, for every variant. */
export async function measureRounds<Case extends { readonly name: string }>(
  cases: readonly Case[],
  rounds: number,
  measure: (each: Case, number: number) => Promise<Round>,
  say: (line: string) => void,
): Promise<CaseRounds[]> {
  const measured = cases.map((each) => ({ case: each, rounds: [] as Round[], voided: [] as string[] }))
  for (let number = 0; number < rounds; number++) {
    for (const { case: each, rounds: done, voided } of measured) {
      const title = `round ${number + 1}/${rounds} ${each.name}`
      try {
        const round = await measure(each, number)
        done[number] = round
        say(`${title}: ${describeRound(round)}`)
      } catch (error) {
        done[number] = {}
        voided.push(String(error))
        say(`${title}: VOID, ${String(error)}`)
      }
    }
  }
  return measured
}

function describeRound(round: Round): string {
  const parts = Object.entries(round).map(([name, sample]) => {
    if (!sample) return name
    const perCall = (sample.cpuSeconds * 1e6) / sample.completed
    return `${name} ${perCall.toFixed(1)} µs CPU, p50 ${sample.p50.toFixed(0)} µs, ${(sample.completed / sample.seconds).toFixed(0)}/s`
  })
  return parts.join(' | ')
}
