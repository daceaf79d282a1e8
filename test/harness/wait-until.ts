import { setTimeout as delay } from 'node:timers/promises'

/** Asks again and again until the answer is neither false nor undefined; fails after `timeoutMs` saying what it waited for. */
export async function waitUntil<Value>(
  what: string,
  ask: () => Value | undefined | false | Promise<Value | undefined | false>,
  timeoutMs = 10_000,
): Promise<Value> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`)
    await delay(10)
  }
}
