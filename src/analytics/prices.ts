import { compileNames } from '../lib/name-matcher.ts'

/** What a call costs: its own price and that of the tokens of its result. */
export interface Price {
  readonly perCall: number
  readonly perMillionTokens: number
}

/** A price of some tools. */
export interface ToolPrice extends Price {
  /** Virtual server; every one when undefined. */
  readonly virtualServer?: string | undefined
  /** Name of a tool, prompt or resource; `*` stands for any text. */
  readonly capability: string
}

/** Prices of the project. They are applied when somebody asks, so a new price also counts for calls of the past. */
export interface Prices extends Price {
  readonly currency: string
  /** The first that fits counts instead of the general price. */
  readonly tools: readonly ToolPrice[]
}

export const noPrices: Prices = { currency: 'USD', perCall: 0, perMillionTokens: 0, tools: [] }

/** Says the price of using a capability of a virtual server. */
export function createPriceList(prices: Prices): (virtualServer: string | null, capability: string | null) => Price {
  const tools = prices.tools.map((price) => ({ price, matches: compileNames([price.capability]) }))
  return (virtualServer, capability) => {
    if (capability === null) return prices
    const found = tools.find(
      ({ price, matches }) =>
        (price.virtualServer === undefined || price.virtualServer === virtualServer) && matches(capability),
    )
    return found?.price ?? prices
  }
}
