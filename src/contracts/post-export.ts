/** One request to a receiver that the operator named: a collector, a webhook, a database. */
export interface ExportRequest {
  readonly headers: { readonly [name: string]: string }
  readonly body: string | Uint8Array
}

/** What it answered. */
export interface ExportAnswer {
  readonly status: number
  /** The first few kilobytes, for an error message. */
  readonly body: string
  /** From `Retry-After`; undefined without one. */
  readonly retryAfterMs: number | undefined
}

/** Posts once. Rejects with an error that names host and cause, and nothing of the request. */
export type PostExport = (url: string, request: ExportRequest) => Promise<ExportAnswer>
