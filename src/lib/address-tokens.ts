import type { TokenSealer } from './seal-token.ts'

/** Place among the processes of a gateway, and a mark of this very process. */
const address = /^(\d{1,3})-[\w-]{6}\./

/** Which process made a token: its whole name, and its place, which whoever takes over from it has as well. */
export interface TokenAddress {
  readonly name: string
  readonly slot: number
}

/** Reads in the clear who made a token; undefined when it does not say. Anybody can write such an address: it says where to ask, nothing else. */
export function addressOf(token: string): TokenAddress | undefined {
  const found = address.exec(token)
  return found ? { name: found[0].slice(0, -1), slot: Number(found[1]) } : undefined
}

/**
 * Tokens that say in the clear which process has in memory what they are about: `<name>.<sealed>`. The name is sealed in as well: with another
 * one the token does not open. `name` empty: tokens are as `sealer` makes them. Opens both kinds.
 */
export function addressTokens(sealer: TokenSealer, name: string): TokenSealer {
  return {
    seal: (text, context) =>
      name === '' ? sealer.seal(text, context) : `${name}.${sealer.seal(text, bind(name, context))}`,
    open(token, context) {
      const made = addressOf(token)?.name
      return made === undefined
        ? sealer.open(token, context)
        : sealer.open(token.slice(made.length + 1), bind(made, context))
    },
  }
}

/** No context looks like this: all are JSON. */
function bind(name: string, context: string): string {
  return `${name}.${context}`
}
