/** Inputs of one fuzz run, over all its tests. `npm run fuzz` takes a million. */
const total = Number(process.env['FUZZ_RUNS'] ?? 100_000)

/** Another start finds other inputs; a finding names the seed of its input. */
const start = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)

/** Tries `share` of all inputs. What goes wrong is thrown again with the seed that does it: `FUZZ_SEED=<seed> FUZZ_RUNS=1`. */
export function tryInputs(share: number, tryOne: (seed: number) => void): void {
  const count = Math.max(1, Math.floor(total * share))
  for (let seed = start; seed < start + count; seed++) {
    try {
      tryOne(seed)
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }
}
