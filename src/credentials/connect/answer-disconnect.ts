import { GatewayError } from '../../errors/gateway-error.ts'
import { renderDisconnectPage } from '../../oauth/pages/disconnect-page.ts'
import { ownerOf } from '../connections.ts'
import { chooseTenant, isShared } from './admit-connect.ts'
import { noticePath } from './answer-list.ts'
import { checkForm } from './check-form.ts'
import type { ConnectHost, PageAnswer, PersonalVisit } from './connect-host.ts'
import { listPath, listRequestFields, readConnectRequest } from './connection-paths.ts'
import { disconnect } from './disconnect.ts'
import { recordConnectEvent } from './record-connect-events.ts'
import { requireUpstream } from './require-upstream.ts'

/** The page that asks before a person's own connection is removed, and its form. */
export async function answerDisconnect(
  upstreamId: string,
  visit: PersonalVisit,
  host: ConnectHost,
): Promise<PageAnswer> {
  const upstream = requireUpstream(upstreamId, host)
  const { person, form } = visit
  const asked = readConnectRequest(form ?? visit.query, host.basePath)
  // Not a person's own to remove: an administrator does it on the command line.
  if (isShared(upstream)) throw new GatewayError('route_not_found')
  const key = {
    tenant: chooseTenant(upstream, asked, person, host),
    upstream: upstream.id,
    owner: ownerOf(person.subject),
  }
  const [record] = await host.connections.list({ ...key, limit: 1 })
  const purpose = `disconnect ${upstream.id}`
  if (!form) {
    if (record === undefined) return { redirect: listPath(host.basePath) }
    const page = renderDisconnectPage({
      person: person.name,
      displayName: upstream.displayName,
      kind: record.kind,
      fields: [
        ['form_token', host.signIn.createFormToken(purpose, person)],
        ...listRequestFields({ tenant: key.tenant }),
      ],
      listPath: listPath(host.basePath),
    })
    return { page, status: 200 }
  }
  checkForm(form, purpose, visit, host)
  const detail = await disconnect(upstream, key, host)
  if (detail !== undefined) {
    const facts = { subject: person.subject, tenant: key.tenant, detail }
    recordConnectEvent(host, 'auth_upstream_disconnected', visit.requestId, upstream, facts)
  }
  return { redirect: noticePath(host.basePath, upstream.id, 'disconnected') }
}
