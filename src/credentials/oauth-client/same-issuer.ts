/**
 * True for two spellings of one authorization server: identical but for a slash at the end. RFC 8414 §3.1 removes it before anything is
 * fetched, so both lead to the same document; many servers and SDKs write their issuer in both ways. `iss` of an answer is compared
 * character by character all the same.
 */
export function isSameIssuer(left: string, right: string): boolean {
  return left.replace(/\/$/, '') === right.replace(/\/$/, '')
}
