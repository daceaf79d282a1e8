import { GatewayError } from '../../errors/gateway-error.ts'

/** What is known of the server when an authorization begins. */
export interface ExpectedIssuer {
  readonly issuer: string
  /** It announced `iss` in its metadata. */
  readonly sendsIssuer: boolean
}

/**
 * Whether an authorization answer is of the server that was asked (RFC 9207 §2.4), compared character by character. Throws
 * `credential_issuer_mismatch`; nothing else of the answer may then be used, nor shown: it is of an attacker.
 */
export function checkIssuer(answer: URLSearchParams, { issuer, sendsIssuer }: ExpectedIssuer): void {
  const named = answer.getAll('iss')
  const isRight = named.length === 0 ? !sendsIssuer : named.length === 1 && named[0] === issuer
  if (isRight) return
  const found = named.length === 0 ? 'names no issuer' : 'names another issuer'
  throw new GatewayError('credential_issuer_mismatch', { detail: `the answer ${found}; expected ${issuer}` })
}
