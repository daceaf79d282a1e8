import type { UpstreamPageOptions } from '../../oauth/pages/connect-page.ts'
import { type ConnectLeave, isShared } from './admit-connect.ts'
import type { ConnectHost, PersonalVisit } from './connect-host.ts'
import { type ConnectRequest, listRequestFields, upstreamPath } from './connection-paths.ts'

/** What pages about one upstream have in common: who, what, and what their form sends back. */
export function describeUpstreamPage(
  page: 'connect' | 'key',
  purpose: string,
  { upstream }: Pick<ConnectLeave, 'upstream'>,
  asked: ConnectRequest,
  visit: PersonalVisit,
  { basePath, signIn }: ConnectHost,
): UpstreamPageOptions {
  const { id, displayName, summary, url } = upstream
  const { person } = visit
  const path = upstreamPath(basePath, id, page, asked)
  return {
    displayName,
    summary,
    url,
    person: person.name,
    shared: isShared(upstream),
    fields: [['form_token', signIn.createFormToken(purpose, person)], ...listRequestFields(asked)],
    switchPath: `${path}${path.includes('?') ? '&' : '?'}switch=1`,
  }
}
