/** What a tool call came to, in the same words for every client. */
export interface CallOutcome {
  readonly text: string
  readonly isError: boolean
}

/** A connected MCP client of somebody else, driven by a test. */
export interface RealClient {
  /** Names of all tools, in the order of the list. */
  listTools(): Promise<string[]>
  callTool(name: string, input: { readonly [name: string]: unknown }): Promise<CallOutcome>
  /** The revision that was agreed on, as far as the client says. */
  readonly protocolVersion: string | undefined
  close(): Promise<void>
}

/** Reads the text of a tool result. */
export function readCallOutcome(result: unknown): CallOutcome {
  const { content, isError } = result as { content?: { text?: string }[]; isError?: boolean }
  return { text: (content ?? []).map((part) => part.text ?? '').join('\n'), isError: isError === true }
}
