/** What alerts are about, with what `details` of each say. Settings of the same names decide when they fire. */
export const alertKinds = {
  error_rate:
    'Requests of a virtual server fail in the gateway or the upstream. details: requests, failures, percent, minutes.',
  latency: 'Answers of a virtual server take long. details: requests, p95Ms, minutes.',
  quota: 'Somebody is near a limit of rate-limit-inbound. details: policy, by (user, ip or all), holder, used, limit.',
  connection_expiring:
    'Connections to an upstream end soon and cannot renew themselves. details: count, owners (the first 20).',
  connection_reconsent:
    'Connections to an upstream do not work until their owners connect again. details: count, owners (the first 20).',
  definition:
    'A tool, prompt or resource is not as it is pinned, or its texts look hostile. details: capabilityType, capability, event, reason.',
} as const

export type AlertKind = keyof typeof alertKinds

/** Something that the operator should know now. */
export interface Alert {
  /** The same as long as it is the same thing. */
  readonly key: string
  readonly kind: AlertKind
  /** One sentence. */
  readonly summary: string
  readonly tenant?: string | undefined
  readonly virtualServer?: string | undefined
  readonly upstream?: string | undefined
  readonly details: { readonly [name: string]: string | number | null | readonly string[] }
}

/** What one kind found. */
export interface Findings {
  readonly alerts: readonly Alert[]
  /** False: too little is known yet to say that something is over. */
  readonly isSettled: boolean
}
