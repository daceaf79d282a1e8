/** A refusal of the admin API (problem+json), or no answer at all (`status` 0). */
export class AdminError extends Error {
  readonly status: number
  /** Documented reason code. */
  readonly reason: string | undefined
  /** What to do about it, if the gateway says. */
  readonly remedy: string | undefined
  readonly requestId: string | undefined
  /** The whole problem document, for members of its own. */
  readonly problem: { readonly [name: string]: unknown }

  constructor(status: number, problem: { readonly [name: string]: unknown }) {
    const text = (name: string) => (typeof problem[name] === 'string' ? problem[name] : undefined)
    super(text('detail') ?? text('title') ?? `The gateway answered ${status}.`)
    this.name = 'AdminError'
    this.status = status
    this.problem = problem
    this.reason = text('reason')
    this.remedy = text('remedy')
    this.requestId = text('requestId')
  }
}

/** The error that a failed answer tells. */
export async function readAdminError(response: Response): Promise<AdminError> {
  try {
    const problem: unknown = await response.json()
    return new AdminError(response.status, typeof problem === 'object' && problem !== null ? { ...problem } : {})
  } catch {
    return new AdminError(response.status, {})
  }
}
