/** What becomes of one feature of MCP when client and upstream speak different eras. */
export interface BridgeChange {
  readonly feature: string
  /** A client of 2026-07-28 in front of an upstream of 2025-11-25 or older. */
  readonly modernToLegacy: string
  /** A client of 2025-11-25 or older in front of an upstream of 2026-07-28. */
  readonly legacyToModern: string
}

/**
 * Everything the bridge changes, in one place. What is not named here passes as it came: unknown members, content types, methods of
 * extensions. The rule is in the file that is named; the test beside this table holds both lists against the folders.
 */
export const bridgeChanges: readonly BridgeChange[] = []
