/** A mistake of the person at the terminal. Its message is all they need. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What the terminal shows of an error: sentences, and the stack only with `--debug`. */
export function describeError(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return `sallyport: ${String(error)}`
  if (debug)
    return error.cause instanceof Error ? `${error.stack}\ncaused by: ${error.cause.stack}` : String(error.stack)
  const reason = explainSystemError(error) ?? error.message
  const cause =
    error.cause instanceof Error && !reason.includes(error.cause.message) ? `\n  ${error.cause.message}` : ''
  return `sallyport: ${reason}${cause}`
}

function explainSystemError(error: Error): string | undefined {
  const { code, port, address, path } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  switch (code) {
    case 'EADDRINUSE':
      // Not the gateway's own listener, whose error names its setting: the tracker of the quickstart.
      return `port ${port} on ${address} is in use. Stop what listens there.`
    case 'EACCES':
    case 'EPERM':
      return path ? `no permission for ${path}.` : `no permission: ${error.message}.`
    case 'ENOSPC':
      return 'the disk is full.'
    default:
      return undefined
  }
}
