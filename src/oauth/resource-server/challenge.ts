/** Parameters of a Bearer challenge (RFC 6750 §3, RFC 9728 §5.1). */
export interface BearerChallenge {
  /** URL of the protected resource metadata. */
  readonly metadataUrl: string
  /** Scopes that the operation needs, all of them. */
  readonly scope: string
  /** Left out when the request carried no token at all (RFC 6750 §3.1). */
  readonly error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | undefined
  readonly description?: string | undefined
}

/** The value of `WWW-Authenticate`: exactly one Bearer challenge, every value quoted. */
export function bearerChallenge(challenge: BearerChallenge): string {
  const parameters = [
    challenge.error === undefined ? '' : `error=${quote(challenge.error)}`,
    challenge.description === undefined ? '' : `error_description=${quote(challenge.description)}`,
    `resource_metadata=${quote(challenge.metadataUrl)}`,
    challenge.scope === '' ? '' : `scope=${quote(challenge.scope)}`,
  ]
  return `Bearer ${parameters.filter((each) => each !== '').join(', ')}`
}

/** A quoted-string (RFC 9110 §5.6.4). Characters that a header cannot carry become spaces. */
function quote(text: string): string {
  let quoted = '"'
  for (const character of text) {
    const code = character.charCodeAt(0)
    if (code < 0x20 || code > 0x7e) quoted += ' '
    else quoted += character === '"' || character === '\\' ? `\\${character}` : character
  }
  return `${quoted}"`
}

/** A challenge without metadata, of a policy that cannot say where to obtain a credential (RFC 9110 §11.6.1). */
export function realmChallenge(
  scheme: string,
  error?: { readonly code: string; readonly description: string },
): string {
  const realm = `${scheme} realm="sallyport"`
  return error ? `${realm}, error=${quote(error.code)}, error_description=${quote(error.description)}` : realm
}
