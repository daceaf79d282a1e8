/** One way to authenticate that a server offers. */
export interface Challenge {
  /** Lower case, e.g. `bearer`. */
  readonly scheme: string
  /** By lower-case name. Of a repeated one the first counts. */
  readonly parameters: ReadonlyMap<string, string>
}

const token = "[!#$%&'*+.^_`|~\\w-]+"
const parameter = new RegExp(`(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token})(?![^\\s,]))`, 'y')
const scheme = new RegExp(`(${token})(?=[\\s,]|$)`, 'y')
const token68 = /[A-Za-z0-9._~+/-]+=*(?=[\s,]|$)/y
const separator = /[\s,]*/y

/** The challenges of a `WWW-Authenticate` header (RFC 9110 §11.6.1), of which there may be several. Stops at what is malformed. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  let at = 0
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at
    const found = pattern.exec(header)
    if (found) at = pattern.lastIndex
    return found
  }
  for (take(separator); at < header.length; take(separator)) {
    const current = challenges.at(-1)
    const [, name, quoted, bare] = (current && take(parameter)) ?? []
    if (current !== undefined && name !== undefined) {
      const key = name.toLowerCase()
      if (!current.parameters.has(key)) current.parameters.set(key, quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '')
      continue
    }
    const [, opened] = take(scheme) ?? []
    if (opened === undefined) break
    challenges.push({ scheme: opened.toLowerCase(), parameters: new Map() })
    take(/[ \t]+/y)
    // `Negotiate <token68>`; parameters look different.
    parameter.lastIndex = at
    if (!parameter.test(header)) take(token68)
  }
  return challenges
}
