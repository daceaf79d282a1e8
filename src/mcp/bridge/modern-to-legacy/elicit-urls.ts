import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../../lib/json.ts'

const urlElicitationRequired = -32042

/** A link that the upstream wants opened before it takes the call (2025-11-25 §URL elicitation required). */
export interface UrlElicitation {
  readonly message: string
  readonly url: string
}

/** The links of an error -32042; undefined for every other error, and for one that names none. */
export function findUrlElicitations(error: JsonObject): readonly UrlElicitation[] | undefined {
  if (error.code !== urlElicitationRequired) return undefined
  const listed = objectMember(error, 'data')?.elicitations
  const links = (Array.isArray(listed) ? listed : []).filter(isJsonObject).flatMap((each) => {
    const url = stringMember(each, 'url')
    return url === undefined
      ? []
      : [{ url, message: stringMember(each, 'message') ?? stringMember(error, 'message') ?? '' }]
  })
  return links.length > 0 ? links : undefined
}

/** The links as questions to the client. */
export function urlInputRequests(links: readonly UrlElicitation[]): JsonObject {
  return Object.fromEntries(
    links.map(({ message, url }, index) => [
      `url${index}`,
      { method: 'elicitation/create', params: { mode: 'url', message, url } },
    ]),
  )
}

/** The same for a client that opens no links, or a person who did not want to: a text for whoever reads the result. */
export function describeLinks(links: readonly UrlElicitation[]): JsonObject {
  const text = links.map(({ message, url }) => `${message} ${url}`.trim()).join('\n')
  return { content: [{ type: 'text', text }], isError: true }
}
