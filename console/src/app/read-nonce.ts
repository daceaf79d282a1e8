/** The nonce of this page, by which its content security policy lets style elements in. Empty in a build that nobody serves. */
export function readNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''
}
