/** What a scrubbed value looks like in the log. */
export const hidden = '[secret]'

/** Longest text that is logged, in characters. */
const maxTextLength = 8192

/** Longest secret that is still found when it stands across the end of what is logged. */
const maxSecretLength = 4096

/** Names that hold secrets as a whole, without case, `-` and `_`. `code` but not `statusCode`, `key` but not `foreignKey`. */
const secretNames = new Set(
  (
    'auth bearer code csrf jwt key keys nonce otp pin plaintext pwd sealed session sessionid sid sig signature ' +
    'state xsrf'
  ).split(' '),
)

/** Endings that make any name secret: `upstreamApiKey`, `refresh_token`, `x-amz-security-token`, `clientSecret`. */
const secretEnding = new RegExp(
  `(?:${[
    'authorization|cookies?|credentials?|passwords?|passwd|passphrase|secrets?|tokens?',
    '(?:api|private|vault|access|signing|encryption|secret|auth)keys?',
    '(?:authorization|auth|device|user)code|verifier|assertion|idtokenhint|jwts?',
  ].join('|')})$`,
)

/** Bearer tokens of the gateway, authorization headers, JWTs, private keys and passwords in URLs, wherever they stand. */
const secretText = new RegExp(
  [
    String.raw`sp_[a-z]{2,4}_[\w.~+/=-]+`,
    String.raw`\b(?:Bearer|Basic|DPoP)\s+[^\s"',;]+`,
    String.raw`\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*`,
    String.raw`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`,
    String.raw`(?<=:\/\/)[^\s/:@]*:[^\s/@]+(?=@)`,
  ].join('|'),
  'gi',
)

const secretParameterName = String.raw`(?:[\w.-]*(?:token|secret|password|api[_-]?key|assertion|verifier)|code|state|key|sig|signature)`

/** Secret members of URLs, forms, cookies and JSON that ended up in a sentence. */
const secretParameter = new RegExp(
  String.raw`(?<=(?:^|[?&#;,\s"'])${secretParameterName}=)[^&\s"'#;]+|(?<=["']${secretParameterName}["']\s*:\s*")[^"]+`,
  'gi',
)

/** A cheap first look: text without any of these has nothing to hide. */
const suspicious = /sp_|bearer|basic|dpop|eyJ|PRIVATE KEY|:\/\/[^/]*@|=|["']\s*:/i

const maxVerdicts = 2000
const verdicts = new Map<string, boolean>()

/** True when values under this name must not be printed, in any spelling: `api_key`, `apiKey`, `X-Api-Key`. */
export function isSecretName(name: string): boolean {
  const known = verdicts.get(name)
  if (known !== undefined) return known
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '')
  const verdict = secretNames.has(plain) || secretEnding.test(plain)
  // Names can come from outside: what is remembered about them stays bounded.
  if (verdicts.size < maxVerdicts) verdicts.set(name, verdict)
  return verdict
}

/** The text with everything that looks like a token or a password replaced, cut at 8,192 characters. */
export function scrubText(text: string): string {
  const looked = text.length > maxTextLength ? text.slice(0, maxTextLength + maxSecretLength) : text
  const scrubbed = suspicious.test(looked)
    ? looked.replace(secretText, hidden).replace(secretParameter, hidden)
    : looked
  if (text.length <= maxTextLength) return scrubbed
  return `${scrubbed.slice(0, maxTextLength)}… (${text.length} characters)`
}

/** Everything that `scrubText` can change inside a JSON text contains one of these. */
const suspiciousJson = /sp_|bearer|basic|dpop|eyJ|PRIVATE KEY|:\/\/[^/]*@|=|\\/i

/** False when no text value of this JSON needs `scrubText`. May be true without need. */
export function mayHoldSecretText(json: string): boolean {
  return suspiciousJson.test(json)
}
